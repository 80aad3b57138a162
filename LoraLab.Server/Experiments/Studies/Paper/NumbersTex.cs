using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Tasks;
using LoraLab.Server.Comparison;
using LoraLab.Server.Comparison.Statistics;
using LoraLab.Server.Experiments.Studies.Evidence;
using LoraLab.Server.Experiments.Studies.Tables;

namespace LoraLab.Server.Experiments.Studies.Paper;

/// <summary>
/// The numbers of the final table as LaTeX commands, so that prose cannot drift from data: <c>\AccLoraPlus</c> is the mean accuracy of
/// LoRA+.
/// </summary>
internal static class NumbersTex
{
    // TeX commands have letters only. Papers use these names; those of other metrics follow from their short keys.
    private static readonly Dictionary<string, string> _names = new()
    {
        [MetricKeys.EvalAccuracy] = "Acc",
        [MetricKeys.EvalMacroF1] = "Fscore",
    };

    private static readonly string[] _costs = ["Time", "Memory", "Parameters"];
    private static readonly string[] _digits = ["Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine"];

    public static string Write(StudyEvidence evidence)
    {
        TexLines text = new TexLines()
            .Comment("Numbers of the final table: mean, sample standard deviation (Std) and number of seeds per method.");
        Command(text, "StudyModel", TexLines.Escape(evidence.Study.Plan.Model ?? ""));
        Command(text, "StudyDataset", TexLines.Escape(evidence.Study.Plan.Dataset ?? ""));
        foreach (IGrouping<string, StudyGroup> method in evidence.Reported.Where(group => group.Counted.Count > 0)
            .GroupBy(group => group.Arm.Method))
        {
            List<StudyGroup> cells = [.. method];
            for (int i = 0; i < cells.Count; i++)
            {
                Numbers(text, Letters(method.Key) + (cells.Count == 1 ? "" : "Cell" + Index(i)), cells[i], evidence.Task);
            }
        }

        return text.ToString();
    }

    /// <summary>A name of letters only, as TeX requires: <c>lora-plus</c> becomes <c>LoraPlus</c>, a digit is spelled out.</summary>
    public static string Letters(string id) => string.Concat(id
        .Split(['-', '_', '.', ' ', '/'], StringSplitOptions.RemoveEmptyEntries)
        .Select(part => string.Concat(part.Select((c, i) => char.IsAsciiDigit(c) ? _digits[c - '0']
            : !char.IsAsciiLetter(c) ? "X"
            : i == 0 ? char.ToUpperInvariant(c).ToString()
            : c.ToString()))));

    private static void Numbers(TexLines text, string name, StudyGroup group, TaskDescriptor task)
    {
        text.Comment(group.Label);
        Command(text, "Seeds" + name, PaperNumbers.Plain(group.Counted.Count, "0"));
        if (group.Rates is { } rates)
        {
            Command(text, "Rate" + name, NumberFormat.Setting(rates.A));
            if (rates.A != rates.B)
            {
                Command(text, "RateB" + name, NumberFormat.Setting(rates.B));
            }
        }

        IEnumerable<string> names =
            [.. TaskDescriptors.Columns([task])
                .Select(metric => _names.GetValueOrDefault(metric.Key) ?? Letters(metric.ShortKey)), .. _costs];
        foreach ((FinalColumn column, string prefix) in FinalColumn.Of(task).Zip(names))
        {
            IReadOnlyList<double> values = [.. group.BySeed(column.Read).Values];
            if (values.Count > 0)
            {
                Command(text, prefix + name, PaperNumbers.Plain(SampleMoments.Mean(values), column.Format));
            }

            if (values.Count > 1)
            {
                Command(text, prefix + "Std" + name, PaperNumbers.Plain(SampleMoments.StandardDeviation(values), column.SpreadFormat));
            }
        }
    }

    private static void Command(TexLines text, string name, string value) => text.Raw($"\\newcommand{{\\{name}}}{{{value}}}");

    /// <summary>A, B, … Z, AA, AB, …</summary>
    private static string Index(int number) => (number >= 26 ? Index((number / 26) - 1) : "") + (char)('A' + (number % 26));
}
