using System.Globalization;
using System.Text;
using LoraLab.Benchmarks.Protocol;

namespace LoraLab.Benchmarks.Reporting;

/// <summary>The table for people.</summary>
internal static class MarkdownTable
{
    /// <summary>Conditions, then a row for each finding.</summary>
    public static string Of(Report report)
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"Conditions: {report.Conditions.Sentence()}\n\n");
        text.Append("| what | A | B | figure (median, min-max) | unit | wall clock | A/A control | must (reach) | verdict |\n|---|---|---|---|---|---|---|---|---|\n");
        foreach (Finding finding in report.Findings)
        {
            string[] cells = [finding.What, finding.A ?? "", finding.B ?? "", Shown(finding.Value), finding.Unit, Shown(finding.Wall), Range(finding.Control), Shown(finding.Target), Shown(finding)];
            text.Append(CultureInfo.InvariantCulture, $"| {string.Join(" | ", cells)} |\n");
        }

        text.Append("\nFigures behind the ratios, and what has to be known to read them:\n\n");
        foreach (Finding finding in report.Findings.Where(finding => finding.Note is not null || finding.Details.Count > 0))
        {
            string details = string.Join(", ", finding.Details.Select(detail => $"{detail.Key} {Number(detail.Value)}"));
            text.Append(CultureInfo.InvariantCulture, $"- `{finding.Measurement}`, {finding.B ?? finding.What}: {string.Join("; ", new[] { details, finding.Note }.Where(part => !string.IsNullOrEmpty(part)))}\n");
        }

        return text.ToString();
    }

    private static string Shown(Finding finding) => finding.Verdict switch
    {
        Verdict.Informative => "",
        Verdict.NotMeasured => "not measured",
        Verdict.Unproven => "median meets it, not proven",
        Verdict.Missed => "**missed**",
        Verdict.Met => "met",
        _ => "met, reach too",
    };

    private static string Shown(Spread? spread) => spread is null ? "" : spread.Width == 0 ? Number(spread.Median) : $"**{Number(spread.Median)}** ({Number(spread.Min)}-{Number(spread.Max)})";

    private static string Range(Spread? spread) => spread is null ? "" : $"{Number(spread.Min)}-{Number(spread.Max)}";

    private static string Shown(double? value) => value is double number ? Number(number) : "";

    private static string Shown(Target? target) => target is null
        ? ""
        : $"{(target.AtMost ? "≤" : "≥")} {Number(target.Must)}{(target.Reach is double reach ? $" ({Number(reach)})" : "")}";

    private static string Number(double value)
    {
        double size = Math.Abs(value);
        string format = size >= 1000 ? "#,0" : size >= 100 ? "0" : size >= 10 ? "0.0" : size >= 0.1 ? "0.000" : "0.#####";
        return value.ToString(format, CultureInfo.InvariantCulture);
    }
}
