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
            ("files", "Files"),
            ("logs", "Log"),
            ("notes", "Notes & tags"),
        ];

    private readonly MetricStore _metrics = new();
    private SupersededPoints? _superseded;
    private int _version;

    public RunPage() : base(drawPause: TimeSpan.FromMilliseconds(250), loadPause: TimeSpan.FromSeconds(1))
    {
    }

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

    [SupplyParameterFromQuery(Name = "label")]
    public string? Label { get; set; }

    [SupplyParameterFromQuery(Name = "predicted")]
    public string? Predicted { get; set; }

    [SupplyParameterFromQuery(Name = "q")]
    public string? Text { get; set; }

    [SupplyParameterFromQuery(Name = "sort")]
    public string? Sort { get; set; }

    [SupplyParameterFromQuery(Name = "at")]
    public string? At { get; set; }

    [SupplyParameterFromQuery(Name = "row")]
    public string? Row { get; set; }

    /// <summary><c>1</c> shows superseded points as faint lines.</summary>
    [SupplyParameterFromQuery(Name = "superseded")]
    public string? ShowSuperseded { get; set; }

    private string Shown => _tabs.Any(tab => tab.Key == Tab) ? Tab! : "charts";

    protected override async Task OnParametersSetAsync()
    {
        if (Id != Content?.Id)
        {
            _superseded = new SupersededPoints(Api);
            await Task.WhenAll(ShowAsync(Id, keep: false, (LiveHub.Run(Id), OnLive)), Catalog.TryEnsureMethodsAsync());
            if (Content is RunDocument run && run.Id != Id)
            {
                // The address has an alias. Live events, and links that are passed on, are about the run itself.
                Content = null;
                Navigation.NavigateTo($"runs/{run.Id}{new Uri(Navigation.Uri).Query}", replace: true);
                return;
            }
        }

        await LoadSupersededAsync();
    }

    protected override async Task<RunDocument> FetchAsync(CancellationToken cancellationToken)
    {
        Task<RunDocument> run = Api.GetRunAsync(Id, cancellationToken);
        RunMetrics metrics = await Api.RunMetricsAsync(Id, cancellationToken);
        RunDocument document = await run;
        cancellationToken.ThrowIfCancellationRequested();
        _metrics.Replace(metrics);
        _version++;
        return document;
    }

    private async Task LoadSupersededAsync()
    {
        if (ShowSuperseded != "1" || Content is null || _superseded is null)
        {
            return;
        }

        try
        {
            await _superseded.LoadAsync(Content, Closed);
        }
        catch (Exception failure) when (failure is HttpRequestException or ApiException or OperationCanceledException)
        {
            // The valid curves are shown; these are optional.
        }
    }

    private void OnLive(LiveEvent message)
    {
        if (Content is null || message.RunId != Id)
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
        else if (LiveRuns.Apply(Content, message) is RunDocument next)
        {
            Content = next;
        }
        else
        {
            Lose();
        }

        Draw();
    }

    private string TabAddress(string key) => Navigation.GetUriWithQueryParameter("tab", key == "charts" ? null : key);
}
