using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Web.Api;
using LoraLab.Web.State;
using Microsoft.AspNetCore.Components;

namespace LoraLab.Web.Pages.Run;

/// <summary>The page of a run, updated live. It shows only what the server has stored, so a reload loses nothing.</summary>
public sealed partial class RunPage
{
    private static readonly (string Key, string Title)[] _tabs =
        [
            ("charts", "Charts"),
            ("config", "Configuration"),
            ("predictions", "Predictions"),
            ("adapter", "Adapter"),
            ("fingerprint", "Fingerprint"),
            ("attempts", "Attempts"),
            ("logs", "Log"),
            ("notes", "Notes & tags"),
        ];

    private readonly MetricStore _metrics = new();
    private readonly PageLifetime _life = new();
    private RenderThrottle? _render;
    private RunDocument? _run;
    private string? _loaded;
    private string? _failure;
    private bool _missing;
    private SupersededPoints? _superseded;
    private int _version;

    // Live events that arrive while the run is requested; null: none is requested.
    private List<LiveEvent>? _pending;

    [Parameter]
    public string Id { get; set; } = "";

    [SupplyParameterFromQuery(Name = "tab")]
    public string? Tab { get; set; }

    [SupplyParameterFromQuery(Name = "smooth")]
    public string? Smooth { get; set; }

    [SupplyParameterFromQuery(Name = "ylog")]
    public string? YLog { get; set; }

    /// <summary>What curves are drawn over: <c>tokens</c>, <c>time</c>, or null for steps.</summary>
    [SupplyParameterFromQuery(Name = "x")]
    public string? XAxis { get; set; }

    [SupplyParameterFromQuery(Name = "yfit")]
    public string? YFit { get; set; }

    [SupplyParameterFromQuery(Name = "xmin")]
    public string? XMin { get; set; }

    [SupplyParameterFromQuery(Name = "xmax")]
    public string? XMax { get; set; }

    [SupplyParameterFromQuery(Name = "step")]
    public string? Step { get; set; }

    [SupplyParameterFromQuery(Name = "show")]
    public string? Show { get; set; }

    /// <summary><c>1</c> shows superseded points as faint lines.</summary>
    [SupplyParameterFromQuery(Name = "superseded")]
    public string? ShowSuperseded { get; set; }

    private string Shown => _tabs.Any(tab => tab.Key == Tab) ? Tab! : "charts";

    protected override void OnInitialized()
    {
        _render = new RenderThrottle(TimeSpan.FromMilliseconds(250), () => InvokeAsync(StateHasChanged));
        Live.Reconnected += OnReconnected;
    }

    protected override async Task OnParametersSetAsync()
    {
        if (_loaded == Id)
        {
            await LoadSupersededAsync();
            return;
        }

        _loaded = Id;
        (_run, _failure, _missing) = (null, null, false);
        _superseded = new SupersededPoints(Api);
        _life.Release();
        _life.Hold(await Live.ListenAsync(LiveHub.Run(Id), OnLive));
        await Task.WhenAll(LoadAsync(), LoadMethodsAsync());
        await LoadSupersededAsync();
    }

    public void Dispose()
    {
        Live.Reconnected -= OnReconnected;
        _render?.Dispose();
        _life.Dispose();
    }

    private async Task LoadAsync()
    {
        string id = Id;
        List<LiveEvent> pending = _pending = [];
        try
        {
            Task<RunDocument> run = Api.GetRunAsync(id, _life.Token);
            RunMetrics metrics = await Api.RunMetricsAsync(id, _life.Token);
            RunDocument document = await run;
            if (id == Id)
            {
                _metrics.Replace(metrics);
                _version++;
                (_run, _failure, _missing) = (document, null, false);
            }
        }
        catch (ApiException refusal)
        {
            (_missing, _failure) = (refusal.NotFound, refusal.Message);
        }
        catch (HttpRequestException)
        {
            // A run already shown stays; the banner says that it may be out of date.
            _failure = _run is null ? ApiException.Unreachable : null;
        }
        catch (OperationCanceledException)
        {
            // The page was closed.
        }

        if (_pending == pending)
        {
            _pending = null;
            pending.ForEach(OnLive);
        }
    }

    private async Task LoadSupersededAsync()
    {
        if (ShowSuperseded != "1" || _run is null || _superseded is null)
        {
            return;
        }

        try
        {
            await _superseded.LoadAsync(_run, _life.Token);
        }
        catch (Exception failure) when (failure is HttpRequestException or ApiException or OperationCanceledException)
        {
            // The valid curves are shown; these are optional.
        }
    }

    private async Task LoadMethodsAsync()
    {
        try
        {
            await Catalog.EnsureMethodsAsync();
        }
        catch (Exception failure) when (failure is HttpRequestException or ApiException)
        {
            // The page shows the method's id instead of its name.
        }
    }

    private void OnReconnected() => _ = InvokeAsync(async () =>
    {
        await LoadAsync();
        StateHasChanged();
    });

    private void OnLive(LiveEvent message)
    {
        if (_pending is not null)
        {
            _pending.Add(message);
            return;
        }

        if (_run is null || message.RunId != Id)
        {
            return;
        }

        if (message.Type == LiveEventTypes.RunMetrics)
        {
            if (message.Data.Deserialize<RunMetrics>(ContractJson.Options) is RunMetrics added)
            {
                _metrics.Merge(added);
                _version++;
            }
        }
        else if (LiveRuns.Apply(_run, message) is RunDocument next)
        {
            _run = next;
        }
        else
        {
            (_run, _missing) = (null, true);
        }

        _render?.Request();
    }

    private string TabAddress(string key) => Navigation.GetUriWithQueryParameter("tab", key == "charts" ? null : key);
}
