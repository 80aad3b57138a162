namespace LoraLab.Files;

/// <summary>
/// The hash of evaluation rows in a run's fingerprint: the trainer takes it from the rows that it evaluates, the server from the texts that
/// lie beside the predictions, which it shows only where both agree.
/// </summary>
public sealed class EvaluationRowsHash : IDisposable
{
    private readonly Sha256Hash _hash = new();

    /// <summary>Adds a row.</summary>
    /// <param name="row">Its number in the file.</param>
    /// <param name="label">Index of its label; null: the task has no labels.</param>
    /// <param name="texts">Texts of its columns, in their order.</param>
    public void Add(int row, int? label, IEnumerable<string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        _ = label is int index ? _hash.Add(row, index) : _hash.Add(row);
        foreach (string text in texts)
        {
            _hash.Add(text);
        }
    }

    /// <summary>Returns the hash of the rows added in lowercase hex.</summary>
    public string Hex() => _hash.Hex();

    /// <inheritdoc />
    public void Dispose() => _hash.Dispose();
}
