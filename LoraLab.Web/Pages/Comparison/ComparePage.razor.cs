using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using LoraLab.Web.Api;
using LoraLab.Web.Charts;
using LoraLab.Web.State;
using Microsoft.AspNetCore.Components;
using MudBlazor;

namespace LoraLab.Web.Pages.Comparison;

/// <summary>Runs side by side, updated live. The URL holds the selected runs and the view.</summary>
public sealed partial class ComparePage
{
    /// <summary>Limit of the server on runs per comparison: five methods with ten seeds each.</summary>
    internal const int MaxRuns = 50;

    private readonly MetricStore _metrics = new();
    private readonly HashSet<string> _toys = [];
    private readonly Dictionary<(string Metric, string Group), (ChartSeries[] Curves, ChartSeries Mean)> _means = [];
    private string? _loaded;
    private string? _pointsOf;

    public ComparePage() : base(drawPause: TimeSpan.FromMilliseconds(250), loadPause: TimeSpan.FromSeconds(1.5))
    {
    }

    [SupplyParameterFromQuery(Name = "runs")]
    public string? Runs { get; set; }

    [SupplyParameterFromQuery(Name = "hide")]
    public string? HiddenRuns { get; set; }

    [SupplyParameterFromQuery(Name = "metric")]
    public string? Metric { get; set; }

    [SupplyParameterFromQuery(Name = "tests")]
    public string? Tests { get; set; }

    /// <summary>Id of the run to which differences are shown.</summary>
    [SupplyParameterFromQuery(Name = "baseline")]
    public string? Baseline { get; set; }

    [SupplyParameterFromQuery(Name = "smooth")]
    public string? Smooth { get; set; }

    [SupplyParameterFromQuery(Name = "ylog")]
    public string? YLog { get; set; }

    [SupplyParameterFromQuery(Name = "yfit")]
    public string? YFit { get; set; }

    [SupplyParameterFromQuery(Name = "xmin")]
    public string? XMin { get; set; }

    [SupplyParameterFromQuery(Name = "xmax")]
    public string? XMax { get; set; }

    /// <summary>What curves are drawn over: <c>tokens</c>, <c>time</c>, or null for steps.</summary>
    [SupplyParameterFromQuery(Name = "x")]
    public string? XAxis { get; set; }

    /// <summary>1: runs that differ only in their seeds are one curve.</summary>
    [SupplyParameterFromQuery(Name = "mean")]
    public string? Mean { get; set; }

    private IReadOnlyList<string> Ids => [.. PageUrl.List(Runs).Distinct().Take(MaxRuns)];

    /// <summary>Number of runs in the address that are too many.</summary>
    private int LeftOut => Math.Max(0, PageUrl.List(Runs).Distinct().Count() - MaxRuns);

    private IReadOnlyList<string> Hidden => PageUrl.List(HiddenRuns);

    private ChartUrlState ChartState => new(Smooth, YLog, XMin, XMax, YFit, XAxis, Mean);

    private string EmptyText => ChartState.Axis == ChartXAxis.Steps
        ? "No points yet" : "No points yet; tokens and times are known when a run has ended";

    /// <summary>The charts, without those of optional metrics that no run has points of.</summary>
    private IReadOnlyList<MetricDescriptor> Charts =>
        [.. MetricCatalog.Default.ComparedCharts.Where(metric => Measured(metric) && (!metric.IsOptional || HasPoints(metric)))];

    private IReadOnlyList<MetricDescriptor> ShownCharts =>
        Charts.FirstOrDefault(metric => metric.Key == Metric) is { } shown ? [shown] : Charts;

    /// <summary>Whether two completed runs have a result and a cost, so that a picture of them shows something.</summary>
    private bool HasCosts => Content!.Rows.DistinctBy(row => row.Task).Count() == 1 && Content.Rows.Count(row =>
        row.State == RunState.Completed && row.Summary[TaskDescriptors.Of(row.Task, row.Metric).Primary.Key]?.Last is not null
        && (row.Summary.TrainSeconds is not null || row.Summary.PeakMemoryMb is not null)) > 1;

    protected override void OnInitialized()
    {
        base.OnInitialized();
        Theme.Changed += StateHasChanged;
    }

    protected override void OnClosed() => Theme.Changed -= StateHasChanged;

    protected override async Task OnParametersSetAsync()
    {
        if (Ids.Count > 0)
        {
            (string, Action<LiveEvent>)[] topics = [.. Ids.Select(id => (LiveHub.Run(id), (Action<LiveEvent>)OnLive))];
            await Task.WhenAll(ShowAsync(string.Join(',', Ids), keep: true, topics), Catalog.TryEnsureMethodsAsync());
            if (_loaded == string.Join(',', Ids) && Content is CompareDocument shown
                && Ids.Except(shown.Missing).Except(shown.Rows.Select(row => row.RunId)).Any())
            {
                // The address has an alias. Live events, and what is hidden or removed, are about the run itself.
                IEnumerable<string> found = shown.Rows.Select(row => row.RunId).Concat(shown.Missing);
                Url.Set("runs", string.Join(',', found.Concat(PageUrl.List(Runs).Distinct().Skip(MaxRuns))));
            }
        }
    }

    protected override void OnReconnected()
    {
        // Points may have been missed.
        _pointsOf = null;
        Reload();
    }

    protected override async Task<CompareDocument> FetchAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<string> asked = Ids;
        // Which of the runs exist is known only then, and one that does not would fail the request for points.
        CompareDocument document = await CompareAsync(asked, cancellationToken);
        string[] ids = [.. document.Rows.Select(row => row.RunId)];
        string runs = string.Join(',', ids);
        if (_pointsOf != runs && ids.Length > 0)
        {
            IEnumerable<string> keys =
                MetricCatalog.Default.ComparedCharts.Select(metric => metric.Key).Append(MetricKeys.TrainTokensPerSecond).Distinct();
            IReadOnlyList<RunMetrics> points = await Api.MetricsAsync(ids, keys, cancellationToken);
            await LoadToysAsync(ids, cancellationToken);
            cancellationToken.ThrowIfCancellationRequested();
            foreach (RunMetrics metrics in points)
            {
                _metrics.Replace(metrics);
            }

            // From now on, live events bring the others.
            _pointsOf = runs;
        }

        _loaded = string.Join(',', asked);
        return document;
    }

    /// <summary>The comparison; that of no run if none of them exists.</summary>
    private async Task<CompareDocument> CompareAsync(IReadOnlyList<string> asked, CancellationToken cancellationToken)
    {
        try
        {
            return await Api.CompareAsync(asked, cancellationToken);
        }
        catch (ApiException refusal) when (refusal.NotFound)
        {
            return new CompareDocument { Missing = asked };
        }
    }

    /// <summary>The comparison omits settings that all runs share, so whether a run is a toy is read from the run itself.</summary>
    private async Task LoadToysAsync(IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        RunDocument[] runs =
            await Task.WhenAll(ids.Where(id => !_toys.Contains(id)).Select(id => Api.GetRunAsync(id, cancellationToken)));
        _toys.UnionWith(runs.Where(run => CatalogState.IsToy(run.Spec)).Select(run => run.Id));
    }

    private void OnLive(LiveEvent message)
    {
        if (Content is null)
        {
            return;
        }

        if (message.Type == LiveEventTypes.RunMetrics)
        {
            if (message.Data.Deserialize<RunMetrics>(ContractJson.Options) is RunMetrics added)
            {
                _metrics.Merge(added);
                Draw();
            }
        }
        else if (LiveRuns.Document(message) is RunDocument run)
        {
            // Results are shown immediately; notes and differences follow with the next response.
            Content = Content with
            {
                Rows = CompareRow.WithLabels([.. Content.Rows.Select(row =>
                    row.RunId == run.Id ? row with { Name = run.Name, State = run.State, Summary = run.Summary } : row)]),
            };
            Draw();
            Reload();
        }
        else if (LiveRuns.IsDeleted(message))
        {
            ShowRuns([.. Ids.Where(id => id != message.RunId)]);
        }
    }

    private bool Measured(MetricDescriptor metric) => Content is null || metric.Scope == MetricScope.EveryTask
        || Content.Rows.Any(row => TaskDescriptors.Of(row.Task).Scope == metric.Scope);

    private bool HasPoints(MetricDescriptor metric) => Content!.Rows.Any(row => _metrics.Get(row.RunId, metric.Key).X.Count > 0);

    private IReadOnlyList<ChartSeries> Curves(string key)
    {
        List<ChartSeries> curves =
            [.. Content!.Rows.Where(row => !Hidden.Contains(row.RunId)).Select(row => Curve(row, key)).OfType<ChartSeries>()];
        if (!ChartState.ShowsMeans)
        {
            return curves;
        }

        // Runs that are in no group, as they have no result yet, stay curves of their own.
        Dictionary<string, MethodGroup> groups = Content.Methods.Groups
            .SelectMany(group => group.Runs.Select(run => (run, group))).ToDictionary(pair => pair.run, pair => pair.group);
        return [.. curves.GroupBy(curve => groups.GetValueOrDefault(curve.Id)?.Id ?? curve.Id).Select(same =>
            MeanOf(key, same.Key, groups.GetValueOrDefault(same.First().Id)?.Label ?? same.First().Name, [.. same]))];
    }

    /// <summary>The mean, computed again only if one of its curves has changed.</summary>
    private ChartSeries MeanOf(string key, string group, string label, ChartSeries[] curves)
    {
        if (_means.TryGetValue((key, group), out (ChartSeries[] Curves, ChartSeries Mean) known) && known.Curves.SequenceEqual(curves))
        {
            return known.Mean;
        }

        ChartSeries mean = MeanCurve.Of(group, label, curves);
        _means[(key, group)] = (curves, mean);
        return mean;
    }

    /// <summary>The curve of a run; null: its tokens or times are not known yet.</summary>
    private ChartSeries? Curve(CompareRow row, string key)
    {
        MetricSeries loss = _metrics.Get(row.RunId, MetricKeys.TrainLoss);
        StepScale? scale = StepScale.Of(
            ChartState.Axis,
            _metrics.Get(row.RunId, MetricKeys.TrainTokensPerSecond),
            loss.X.Count == 0 ? 0 : loss.X[^1],
            row.Summary);
        return ChartState.Axis != ChartXAxis.Steps && scale is null ? null
            : new ChartSeries(row.RunId, row.Label, row.Color, _metrics.Get(row.RunId, key))
            {
                Variant = NumberInMethod(row),
                Position = scale,
            };
    }

    /// <summary>Number of the run among those of its method; hidden ones count, so that hiding a run changes no other curve.</summary>
    private int NumberInMethod(CompareRow row) =>
        Content!.Rows.TakeWhile(other => other.RunId != row.RunId).Count(other => other.Method == row.Method);

    private async Task PickAsync()
    {
        if (await RunPicker.AskAsync(Dialogs, Ids) is IReadOnlyList<string> chosen)
        {
            ShowRuns(chosen);
        }
    }

    private void ShowRuns(IReadOnlyList<string> ids) => Url.Set("runs", string.Join(',', ids), replace: false);

    private void Hide(string id) =>
        Url.Set("hide", string.Join(',', Hidden.Contains(id) ? Hidden.Where(other => other != id) : [.. Hidden, id]));

    private void OnRange(ChartRange range) =>
        Url.Set(
            new Dictionary<string, string?> { ["xmin"] = PageUrl.Number(range.Min), ["xmax"] = PageUrl.Number(range.Max) }, replace: false);

    private string ExportUrl(string format) =>
        LabApi.DownloadPath($"{ApiRoutes.CompareExport}?runs={string.Join(',', Ids)}&format={format}")
            + (format is "svg" or "png" && Theme.IsDark ? "&theme=dark" : "");

    /// <summary>A picture of the chart shown; of the primary metric if all are.</summary>
    private string PictureUrl(string format) =>
        ExportUrl(format) + (ShownCharts.Count == 1 ? $"&metric={Uri.EscapeDataString(ShownCharts[0].Key)}" : "")
        + (ChartState.ShowsMeans ? "&mean=true" : "");
}
