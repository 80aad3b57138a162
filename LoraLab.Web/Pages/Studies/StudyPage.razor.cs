using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Live;
using LoraLab.Web.Api;
using LoraLab.Web.State;
using Microsoft.AspNetCore.Components;

namespace LoraLab.Web.Pages.Studies;

/// <summary>One study, watched live: cells follow their runs, and what the server reads from ended runs is fetched when one ends.</summary>
public sealed partial class StudyPage
{
    private const int FewWarnings = 4;
    private const string FirstTab = "matrix";

    private readonly PageLifetime _life = new();
    private RenderThrottle? _render;
    private RenderThrottle? _refetch;
    private StudyDocument? _study;
    private string? _loaded;
    private string? _failure;
    private bool _missing;

    [Parameter]
    public string Id { get; set; } = "";

    [SupplyParameterFromQuery(Name = "tab")]
    public string? Tab { get; set; }

    private IReadOnlyList<(string Key, string Title, int Count)> Tabs =>
    [
        (FirstTab, "Matrix", 0),
        ("selection", "Selection", 0),
        ("claims", "Claims", _study?.Claims.Count ?? 0),
        ("tables", "Tables", _study?.Tables.Count ?? 0),
        ("figures", "Figures", _study?.Figures.Count ?? 0),
        ("plan", "Plan & notes", 0),
    ];

    private string Shown => Tabs.Any(tab => tab.Key == Tab) ? Tab! : FirstTab;

    protected override void OnInitialized()
    {
        _render = new RenderThrottle(TimeSpan.FromMilliseconds(250), () => InvokeAsync(StateHasChanged));
        _refetch = new RenderThrottle(TimeSpan.FromSeconds(2), () => InvokeAsync(RefetchAsync));
        Live.Reconnected += OnReconnected;
    }

    protected override async Task OnParametersSetAsync()
    {
        if (_loaded == Id)
        {
            return;
        }

        _loaded = Id;
        (_study, _failure, _missing) = (null, null, false);
        _life.Release();
        _life.Hold(await Live.ListenAsync(LiveHub.Study(Id), _ => _refetch?.Request()));
        _life.Hold(await Live.ListenAsync(LiveHub.Runs, OnRun));
        await LoadAsync();
    }

    public void Dispose()
    {
        Live.Reconnected -= OnReconnected;
        _render?.Dispose();
        _refetch?.Dispose();
        _life.Dispose();
    }

    private async Task LoadAsync()
    {
        string id = Id;
        try
        {
            StudyDocument study = await Api.GetStudyAsync(id, _life.Token);
            if (id == Id)
            {
                (_study, _failure, _missing) = (study, null, false);
            }
        }
        catch (ApiException refusal)
        {
            (_missing, _failure) = (refusal.NotFound, refusal.Message);
        }
        catch (HttpRequestException)
        {
            // A study that is shown already stays; the banner says that it may be out of date.
            _failure = _study is null ? "The server cannot be reached." : null;
        }
        catch (OperationCanceledException)
        {
            // The page was left.
        }
    }

    private async Task RefetchAsync()
    {
        await LoadAsync();
        StateHasChanged();
    }

    private void OnReconnected() => _refetch?.Request();

    private void OnRun(LiveEvent message)
    {
        if (_study is not null && LiveStudies.Apply(_study, message) is StudyDocument next)
        {
            _study = next;
            _render?.Request();
            if (LiveStudies.EndsARun(message))
            {
                _refetch?.Request();
            }
        }
    }

    private string TabAddress(string key) => Navigation.GetUriWithQueryParameter("tab", key == FirstTab ? null : key);
}
