using System.Globalization;
using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Storage;
using OxyPlot;

namespace LoraLab.Server.Comparison.Figures;

/// <summary>Pictures of a comparison: one metric of its runs over the steps.</summary>
internal sealed class ComparePictures(IRunStore store)
{
    public byte[] Svg(IReadOnlyList<ComparedRun> runs, CompareDocument document, CompareView view)
    {
        (PlotModel plot, int height) = Draw(runs, document, view, view.Colors);
        return PlotFile.Svg(plot, CurvePicture.Width, height);
    }

    public byte[] Png(IReadOnlyList<ComparedRun> runs, CompareDocument document, CompareView view)
    {
        (PlotModel plot, int height) = Draw(runs, document, view, view.Colors);
        return PlotFile.Png(plot, CurvePicture.Width, height);
    }

    /// <summary>The comparison as a page, with a picture of the chosen metric, or of each one compared.</summary>
    public string Page(IReadOnlyList<ComparedRun> runs, CompareDocument document, CompareView view)
    {
        IReadOnlyList<MetricDescriptor> metrics = view.Metric is null ? Drawable(runs) : [MetricCatalog.Default.Of(view.Metric)];
        IReadOnlyList<PlotTheme> themes = view.Theme is null ? [PlotTheme.Light, PlotTheme.Dark] : [view.Colors];
        return CompareHtml.Write(
            document,
            [
                .. metrics.Select(metric => (metric, (IReadOnlyList<byte[]>)[.. themes.Select(theme =>
                {
                    (PlotModel plot, int height) = Draw(runs, document, view with { Metric = metric.Key }, theme);
                    return PlotFile.Svg(plot, CurvePicture.Width, height);
                })])),
            ],
            CompareHtmlStyle.Of(view.Theme));
    }

    /// <summary>Draws a metric of the runs, or the mean over the seeds of each method with a band for their range.</summary>
    /// <exception cref="ApiFailure">There is no such metric, or no run has points of it.</exception>
    private (PlotModel Plot, int Height) Draw(
        IReadOnlyList<ComparedRun> runs, CompareDocument document, CompareView view, PlotTheme theme)
    {
        MetricDescriptor metric = view.Of(runs);
        if (view.Costs)
        {
            return CostPicture.CanDraw(metric, document.Rows)
                ? (CostPicture.Draw(Subtitle(runs, mean: false), metric, document.Rows, theme), CurvePicture.Height(document.Rows.Count))
                : throw ApiFailure.Conflict(
                    "noCosts", $"No completed run has a time or a peak of memory beside the {PlainName.Of(metric.Name, 80)}.");
        }

        IReadOnlyList<PictureCurve> curves = Curves(runs, document, metric.Key, view.Mean);
        if (curves.Count == 0)
        {
            throw MetricCatalog.Default.All.Contains(metric)
                ? ApiFailure.Conflict("noPoints", $"None of the runs has points of the {metric.Name} yet, so there is nothing to draw.")
                : ApiFailure.Invalid("metric", $"There is no metric '{PlainName.Of(metric.Key, 80)}', and no run has points of it.");
        }

        return (CurvePicture.Draw(Subtitle(runs, view.Mean), metric, curves, theme), CurvePicture.Height(curves.Count));
    }

    /// <summary>The metrics that a picture can be drawn of, among those compared.</summary>
    private IReadOnlyList<MetricDescriptor> Drawable(IReadOnlyList<ComparedRun> runs)
    {
        HashSet<string> keys = [.. runs.SelectMany(run => store.ReadSeries(run.Id, null))
            .Where(series => series.Value.X.Count > 0).Select(series => series.Key)];
        return [.. MetricCatalog.Default.ComparedCharts.Where(metric => keys.Contains(metric.Key))];
    }

    private List<PictureCurve> Curves(IReadOnlyList<ComparedRun> runs, CompareDocument document, string key, bool mean)
    {
        Dictionary<string, string> labels = document.Rows.ToDictionary(row => row.RunId, row => row.Label);
        Dictionary<string, MethodGroup> groups = mean
            ? document.Methods.Groups.Where(group => group.Runs.Count > 1)
                .SelectMany(group => group.Runs.Select(run => (run, group))).ToDictionary(entry => entry.run, entry => entry.group)
            : [];
        List<PictureCurve> curves = [];
        foreach (IGrouping<string, RunDocument> entry in runs.Select(run => run.Document)
            .GroupBy(run => groups.GetValueOrDefault(run.Id)?.Id ?? run.Id))
        {
            RunDocument first = entry.First();
            List<MetricSeries> series = [.. entry.Select(run => store.ReadSeries(run.Id, [key]).GetValueOrDefault(key))
                .OfType<MetricSeries>().Where(points => points.X.Count > 0)];
            string label = groups.TryGetValue(first.Id, out MethodGroup? group)
                ? string.Create(CultureInfo.InvariantCulture, $"{group.Label}, mean of {series.Count}")
                : labels[first.Id];
            if (series.Count > 0)
            {
                curves.Add(new PictureCurve(label, first.Spec.Method, first.Color, series));
            }
        }

        return curves;
    }

    private static string Subtitle(IReadOnlyList<ComparedRun> runs, bool mean)
    {
        List<string> data = [.. runs.Select(run => $"{run.Document.Spec.Model} on {run.Document.Spec.Dataset}").Distinct()];
        string what = data.Count == 1 ? data[0] : "several models or data sets";
        return PlainName.Of(what, 90) + (mean ? "; mean over seeds, band: range over seeds" : "");
    }
}
