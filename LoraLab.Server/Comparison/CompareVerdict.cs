using LoraLab.Contracts;
using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;

namespace LoraLab.Server.Comparison;

/// <summary>What a comparison shows, in one sentence that names the metric of the runs.</summary>
internal static class CompareVerdict
{
    private const double Alpha = 0.05;

    /// <summary>The sentence; null: fewer than two completed runs have a result.</summary>
    public static string? Of(IReadOnlyList<CompareRow> rows, PairedTests tests)
    {
        if (rows.Select(row => row.Task).Distinct().Count() > 1)
        {
            return "The runs are of different tasks, so there is no best one.";
        }

        MetricDescriptor metric = TaskDescriptors.Of(rows[0].Task, rows[0].Metric).Primary;
        if (rows.Any(row => TaskDescriptors.Of(row.Task, row.Metric).Primary != metric))
        {
            return "The runs have different primary metrics, so there is no best one.";
        }

        List<CompareRow> known = [.. rows.Where(row => row.State == RunState.Completed && row.Summary[metric.Key]?.Last is not null)];
        if (known.Count < 2)
        {
            return null;
        }

        CompareRow best = known.MaxBy(row => metric.Sign * row.Summary[metric.Key]!.Last!.Value)!;
        string word = metric.Sign < 0 ? "lowest" : "highest";
        string found = $"{best.Label} has the {word} {metric.Name}, {metric.Text(best.Summary[metric.Key]!.Last!.Value)}";
        PairedTest[] against = [.. tests.Pairs
            .Where(pair => pair.HolmP is not null && (pair.RunA == best.RunId || pair.RunB == best.RunId))];
        int others = known.Count - 1;
        int clear = against.Count(pair => pair.HolmP < Alpha);
        return against.Length == 0 ? $"{found}; no test compares it with another run on the same rows."
            : clear
                == others ? $"{found}, significantly better than {(others == 1 ? "the other run" : "every other run")} on the same rows "
                + "(Holm-adjusted p < 0.05)."
            : clear == 0 ? $"{found}, but not significantly better than "
                + $"{(others == 1 ? "the other run" : "any other run")} on the same rows (Holm-adjusted p ≥ 0.05)."
            : $"{found}, significantly better than {clear} of {NumberFormat.Count(others, "other run")} on the same rows "
                + "(Holm-adjusted p < 0.05).";
    }
}
