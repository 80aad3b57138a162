using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Data;

namespace LoraLab.Training.Tasks.Completion;

/// <summary>Rows of both splits of which a message says the same.</summary>
internal sealed class RowFindings
{
    private readonly List<string> _places = [];

    /// <summary>Their numbers.</summary>
    public RowCounts Counts { get; private set; } = new(0, 0);

    /// <summary>Whether there are any.</summary>
    public bool Any => Total > 0;

    /// <summary>The subject of a sentence about them, with its verb: <c>2 training rows have</c>.</summary>
    public string Subject
    {
        get
        {
            string[] parts = [.. new[] { Rows("training", Counts.Train), Rows("evaluation", Counts.Eval) }.OfType<string>()];
            return $"{string.Join(" and ", parts)} {(Total == 1 ? "has" : "have")}";
        }
    }

    /// <summary>Where they are.</summary>
    public string Places => string.Join(", ", _places);

    /// <summary>The verb of what was done with them.</summary>
    public string Was => Total == 1 ? "was" : "were";

    /// <summary>The pronoun of the rows.</summary>
    public string Them => Total == 1 ? "it" : "them";

    private int Total => Counts.Train + Counts.Eval;

    /// <summary>Adds rows of a split.</summary>
    public void Add(IReadOnlyCollection<int> rows, SplitSource? source, bool isTraining)
    {
        if (rows.Count == 0)
        {
            return;
        }

        Counts = isTraining ? Counts with { Train = Counts.Train + rows.Count } : Counts with { Eval = Counts.Eval + rows.Count };
        _places.Add(SplitSource.Places(source, rows));
    }

    private static string? Rows(string split, int count) => count switch
    {
        0 => null,
        1 => $"1 {split} row",
        _ => $"{NumberFormat.Count(count)} {split} rows",
    };
}
