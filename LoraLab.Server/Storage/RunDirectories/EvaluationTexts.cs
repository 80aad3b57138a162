using System.Globalization;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Tasks;

namespace LoraLab.Server.Storage.RunDirectories;

/// <summary>The texts of a run's evaluation rows, read in their order, next to a predictions file in the same order.</summary>
/// <param name="path">The file; null: there is none, as for runs of earlier versions.</param>
internal sealed class EvaluationTexts(string? path) : IDisposable
{
    private const string Start = "{\"row\":";
    private readonly StreamReader? _lines = File.Exists(path) ? new StreamReader(path) : null;
    private string? _next;

    /// <summary>The line of a row, if it is the next one; null: not recorded.</summary>
    public string? Next(int row)
    {
        _next ??= _lines?.ReadLine();
        if (_next is null
            || !_next.StartsWith(string.Concat(Start, row.ToString(CultureInfo.InvariantCulture), ","), StringComparison.Ordinal))
        {
            return null;
        }

        string line = _next;
        _next = null;
        return line;
    }

    /// <summary>The row of a line; null if it is damaged.</summary>
    public static EvaluationRow? Parse(string? line)
    {
        try
        {
            return line is null ? null : JsonSerializer.Deserialize<EvaluationRow>(line, ContractJson.Options);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public void Dispose() => _lines?.Dispose();
}
