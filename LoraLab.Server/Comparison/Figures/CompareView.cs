using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Infrastructure.Errors;

namespace LoraLab.Server.Comparison.Figures;

/// <summary>How a comparison is drawn.</summary>
/// <param name="Metric">Key of the metric; null: the primary one of the first run, or in a page all that are compared.</param>
/// <param name="Theme"><c>light</c> or <c>dark</c>; null: light, or in a page that of the reader's system.</param>
/// <param name="Mean">Whether runs that differ in their seeds are drawn as their mean with a band.</param>
internal sealed record CompareView(string? Metric, string? Theme, bool Mean)
{
    public const int LongestKey = 200;

    private const int NamedMethods = 3;

    /// <summary>Whether the metric is drawn over time and memory instead of the steps.</summary>
    public bool Costs { get; init; }

    public PlotTheme Colors => Theme == "dark" ? PlotTheme.Dark : PlotTheme.Light;

    /// <summary>Checks and takes the query parameters.</summary>
    /// <exception cref="ApiFailure">One of them has no such value.</exception>
    public static CompareView Of(string? metric, string? theme, bool? mean, string? figure)
    {
        List<FieldError> errors = [];
        if (theme is not (null or "" or "light" or "dark"))
        {
            errors.Add(new FieldError("theme", $"theme is \"{PlainName.Of(theme, 80)}\"; it must be light or dark."));
        }

        if (figure is not (null or "" or "curves" or "costs"))
        {
            errors.Add(new FieldError("figure", $"figure is \"{PlainName.Of(figure, 80)}\"; it must be curves or costs."));
        }

        if (metric?.Length > LongestKey)
        {
            errors.Add(new FieldError("metric", TextLimits.TooLong("metric", metric.Length, LongestKey)));
        }

        ApiFailure.ThrowIfAny(errors);
        return new CompareView(Given(metric), Given(theme), mean ?? false) { Costs = figure == "costs" };
    }

    /// <summary>The metric drawn of these runs.</summary>
    public MetricDescriptor Of(IReadOnlyList<ComparedRun> runs) => Metric is null ? runs[0].Metric : MetricCatalog.Default.Of(Metric);

    /// <summary>Name of a picture, for example <c>compare-lora-pissa-eval-accuracy.svg</c>.</summary>
    public string FileName(IReadOnlyList<ComparedRun> runs, string extension) => FileNames.Of(
        extension, Subject(runs), FileNames.Part(Of(runs).Key), Costs ? "costs" : "");

    /// <summary>What a file is about: the methods that are compared, or how many runs.</summary>
    public static string Subject(IReadOnlyList<ComparedRun> runs)
    {
        string[] methods = [.. runs.Select(run => run.Document.Spec.Method).Distinct()];
        return $"compare-{(methods.Length <= NamedMethods ? string.Join('-', methods) : $"{runs.Count}-runs")}";
    }

    private static string? Given(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
