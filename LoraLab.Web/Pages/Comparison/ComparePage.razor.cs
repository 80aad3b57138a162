using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Web.Api;
using LoraLab.Web.Charts;
using LoraLab.Web.State;
using Microsoft.AspNetCore.Components;
using MudBlazor;

namespace LoraLab.Web.Pages.Comparison;

/// <summary>Runs side by side, live while they go on. The address says which runs and how they are looked at.</summary>
public sealed partial class ComparePage
{
    /// <summary>What the server compares at once: five methods over ten seeds.</summary>
    internal const int Limit = 50;

    private readonly MetricStore _book = new();
    private readonly PageLifetime _life = new();
    private readonly HashSet<string> _toys = [];
    private List<LiveEvent>? _early;
    private RenderThrottle? _render;
    private RenderThrottle? _refresh;
    private CompareDocument? _document;
    private string? _loaded;
    private string? _failure;

    [SupplyParameterFromQuery(Name = "runs")]
    public string? Runs { get; set; }

    [SupplyParameterFromQuery(Name = "hide")]
    public string? HiddenRuns { get; set; }

    [SupplyParameterFromQuery(Name = "metric")]
    public string? Metric { get; set; }

    [SupplyParameterFromQuery(Name = "tests")]
    public string? Tests { get; set; }

    [SupplyParameterFromQuery(Name = "smooth")]
    public string? Smooth { get; set; }

    [SupplyParameterFromQuery(Name = "ylog")]
    public string? YLog { get; set; }

    [SupplyParameterFromQuery(Name = "xmin")]
    public string? XMin { get; set; }

    [SupplyParameterFromQuery(Name = "xmax")]
    public string? XMax { get; set; }

    private IReadOnlyList<string> Ids => [.. PageUrl.List(Runs).Distinct().Take(Limit)];

    private IReadOnlyList<string> Hidden => PageUrl.List(HiddenRuns);

    private ChartUrlState Address => new(Smooth, YLog, XMin, XMax);

    private IReadOnlyList<ComparePanel> ShownPanels => ComparePanel.All.FirstOrDefault(panel => panel.Key == Metric) is ComparePanel one ? [one] : ComparePanel.All;

    protected override void OnInitialized()
    {
        _render = new RenderThrottle(TimeSpan.FromMilliseconds(250), () => InvokeAsync(StateHasChanged));
        _refresh = new RenderThrottle(TimeSpan.FromSeconds(1.5), () => InvokeAsync(RefreshDocumentAsync));
        Live.Reconnected += OnReconnected;
    }

    protected override async Task OnParametersSetAsync()
    {
        string wanted = string.Join(',', Ids);
        if (_loaded == wanted)
        {
            return;
        }

        _loaded = wanted;
        _failure = null;
        _life.Release();
        foreach (IDisposable listener in await Task.WhenAll(Ids.Select(id => Live.ListenAsync(LiveHub.Run(id), OnLive))))
        {
            _life.Hold(listener);
        }

        await Task.WhenAll(LoadAsync(), MethodsAsync());
    }

    public void Dispose()
    {
        Live.Reconnected -= OnReconnected;
        _render?.Dispose();
        _refresh?.Dispose();
        _life.Dispose();
    }

    private async Task LoadAsync()
    {
        IReadOnlyList<string> ids = Ids;
        if (ids.Count == 0)
        {
            return;
        }

        // What is told while the server answers may be newer than its answer: it is taken behind it.
        List<LiveEvent> early = _early = [];
        try
        {
            Task<CompareDocument> document = Api.CompareAsync(ids, _life.Token);
            foreach (RunMetrics metrics in await Api.MetricsAsync(ids, ComparePanel.All.Select(panel => panel.Key), _life.Token))
            {
                _book.Replace(metrics);
            }

            _document = await document;
            _failure = null;
            TakeEarly(early);
            await FindToysAsync(ids);
        }
        catch (Exception failure) when (failure is ApiException or HttpRequestException)
        {
            TakeEarly(early);
            _failure = failure is ApiException ? failure.Message : _document is null ? "The server cannot be reached." : null;
        }
        catch (OperationCanceledException)
        {
            // The page was left.
        }
    }

    private void TakeEarly(List<LiveEvent> early)
    {
        if (_early == early)
        {
            _early = null;
            early.ForEach(OnLive);
        }
    }

    /// <summary>The comparison itself leaves out what all runs share, so whether they are toys is asked of the runs.</summary>
    private async Task FindToysAsync(IReadOnlyList<string> ids)
    {
        RunDocument[] runs = await Task.WhenAll(ids.Where(id => !_toys.Contains(id)).Select(id => Api.GetRunAsync(id, _life.Token)));
        _toys.UnionWith(runs.Where(run => CatalogState.IsToy(run.Spec)).Select(run => run.Id));
    }

    private async Task MethodsAsync()
    {
        try
        {
            await Catalog.EnsureMethodsAsync();
        }
        catch (Exception failure) when (failure is HttpRequestException or ApiException)
        {
            // The table shows method ids instead of names.
        }
    }

    private async Task RefreshDocumentAsync()
    {
        try
        {
            _document = await Api.CompareAsync(Ids, _life.Token);
        }
        catch (Exception failure) when (failure is ApiException or HttpRequestException or OperationCanceledException)
        {
            // The next change asks again.
        }

        StateHasChanged();
    }

    private void OnReconnected() => _ = InvokeAsync(async () =>
    {
        await LoadAsync();
        StateHasChanged();
    });

    private void OnLive(LiveEvent message)
    {
        if (_early is not null)
        {
            _early.Add(message);
            return;
        }

        if (_document is null)
        {
            return;
        }

        if (message.Type == LiveEventTypes.RunMetrics)
        {
            if (message.Data.Deserialize<RunMetrics>(ContractJson.Options) is RunMetrics added)
            {
                _book.Merge(added);
                _render?.Request();
            }
        }
        else if (LiveRuns.Document(message) is RunDocument run)
        {
            // Results show at once; notes and differences come from the server a moment later.
            _document = _document with { Rows = [.. _document.Rows.Select(row => row.RunId == run.Id ? row with { Name = run.Name, State = run.State, Summary = run.Summary } : row)] };
            _render?.Request();
            _refresh?.Request();
        }
        else if (LiveRuns.IsDeleted(message))
        {
            ShowRuns([.. Ids.Where(id => id != message.RunId)]);
        }
    }

    private IReadOnlyList<ChartSeries> Curves(string key) =>
        [.. _document!.Rows.Where(row => !Hidden.Contains(row.RunId)).Select(row => new ChartSeries(row.RunId, row.Name, row.Color, _book.Get(row.RunId, key)))];

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
        Url.Set(new Dictionary<string, string?> { ["xmin"] = PageUrl.Number(range.Min), ["xmax"] = PageUrl.Number(range.Max) }, replace: false);

    private string ExportAddress(string format) =>
        LabApi.DownloadPath($"{ApiRoutes.CompareExport}?runs={string.Join(',', Ids)}&format={format}");
}
