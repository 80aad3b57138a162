using System.Globalization;
using System.Text;
using LoraLab.Benchmarks.Protocol;

namespace LoraLab.Benchmarks.Reporting;

/// <summary>The results as a Markdown table.</summary>
internal static class MarkdownTable
{
    /// <summary>Formats the conditions, then one row per finding.</summary>
    public static string Write(Report report)
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"Conditions: {report.Conditions.ToText()}\n\n");
        text.Append("| measurement | A | B | value (median, min–max) | unit | wall time | A/A control | target (stretch) | verdict "
            + "|\n|---|---|---|---|---|---|---|---|---|\n");
        foreach (Finding finding in report.Findings)
        {
            string[] cells =
            [
                finding.Description, finding.A ?? "", finding.B ?? "", Format(finding.Value), finding.Unit, Format(finding.Wall),
                Range(finding.Control), Format(finding.Target), Format(finding),
            ];
            text.Append(CultureInfo.InvariantCulture, $"| {string.Join(" | ", cells)} |\n");
        }

        text.Append("\nAbsolute values behind the ratios, and notes:\n\n");
        foreach (Finding finding in report.Findings.Where(finding => finding.Note is not null || finding.Details.Count > 0))
        {
            string details = string.Join(", ", finding.Details.Select(detail => $"{detail.Key} {Number(detail.Value)}"));
            text.Append(CultureInfo.InvariantCulture, $"- `{finding.Measurement}`, {finding.B ?? finding.Description}: "
                + $"{string.Join("; ", new[] { details, finding.Note }.Where(part => !string.IsNullOrEmpty(part)))}\n");
        }

        return text.ToString();
    }

    private static string Format(Finding finding) => finding.Verdict switch
    {
        Verdict.Informative => "",
        Verdict.NotMeasured => "not measured",
        Verdict.Unproven => "met by the median, not proven",
        Verdict.Missed => "**missed**",
        Verdict.Met => "met",
        _ => "met, stretch goal too",
    };

    private static string Format(Spread? spread) => spread is null ? ""
        : spread.Width == 0 ? Number(spread.Median)
        : $"**{Number(spread.Median)}** ({Number(spread.Min)}–{Number(spread.Max)})";

    private static string Range(Spread? spread) => spread is null ? "" : $"{Number(spread.Min)}–{Number(spread.Max)}";

    private static string Format(double? value) => value is double number ? Number(number) : "";

    private static string Format(Target? target) => target is null
        ? ""
        : $"{(target.AtMost ? "≤" : "≥")} {Number(target.Must)}{(target.Reach is double reach ? $" ({Number(reach)})" : "")}";

    private static string Number(double value)
    {
        double size = Math.Abs(value);
        string format = size >= 1000 ? "#,0" : size >= 100 ? "0" : size >= 10 ? "0.0" : size >= 0.1 ? "0.000" : "0.#####";
        return value.ToString(format, CultureInfo.InvariantCulture);
    }
}
