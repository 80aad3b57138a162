namespace LoraLab.Contracts.Tasks;

/// <summary>The rows of two runs that were evaluated on the same rows, with the predictions of both.</summary>
/// <param name="RunA">Id of the first run.</param>
/// <param name="RunB">Id of the second run.</param>
/// <param name="Items">The rows, of those requested.</param>
public sealed record CompareRows(string RunA, string RunB, IReadOnlyList<ComparedPrediction> Items)
{
    /// <summary>Labels in label order; empty: the task has none.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>
    /// Whether the texts beside the first run's predictions are not those of its fingerprint; none is shown then, and none is searched.
    /// </summary>
    public bool DataChanged { get; init; }

    /// <summary>Rows on which both were evaluated.</summary>
    public int Rows { get; init; }

    /// <summary>Rows that are right or wrong in both; 0: nothing was predicted, as where no text was generated.</summary>
    public int Judged { get; init; }

    /// <summary>Rows that only the first run got right.</summary>
    public int OnlyA { get; init; }

    /// <summary>Rows that only the second run got right.</summary>
    public int OnlyB { get; init; }

    /// <summary>Rows that match the filters; <c>items</c> has those from <c>offset</c> on, up to <c>limit</c>.</summary>
    public int Total { get; init; }
}
