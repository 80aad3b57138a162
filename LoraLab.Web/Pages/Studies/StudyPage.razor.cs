using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Live;
using LoraLab.Web.Api;
using LoraLab.Web.State;
using Microsoft.AspNetCore.Components;

namespace LoraLab.Web.Pages.Studies;

/// <summary>
/// One study, updated live: cells follow their runs, and results that the server derives from ended runs are fetched again when a run
/// ends.
/// </summary>
public sealed partial class StudyPage
{
    private const int MaxListedWarnings = 4;
    private const string DefaultTab = "matrix";

    private readonly PageLifetime _lifetime = new();
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
        (DefaultTab, "Matrix", 0),
        ("selection", "Selection", 0),
        ("claims", "Claims", _study?.Claims.Count ?? 0),
        ("tables", "Tables", _study?.Tables.Count ?? 0),
        ("figures", "Figures", _study?.Figures.Count ?? 0),
        ("plan", "Plan & notes", 0),
    ];

    private string ActiveTab => Tabs.Any(tab => tab.Key == Tab) ? Tab! : DefaultTab;

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
        _lifetime.Release();
        _lifetime.Hold(await Live.ListenAsync(LiveHub.Study(Id), _ => _refetch?.Request()));
        _lifetime.Hold(await Live.ListenAsync(LiveHub.Runs, OnRun));
        await LoadAsync();
    }

    public void Dispose()
    {
        Live.Reconnected -= OnReconnected;
        _render?.Dispose();
        _refetch?.Dispose();
        _lifetime.Dispose();
    }

    private async Task LoadAsync()
    {
        string id = Id;
        try
        {
            StudyDocument study = await Api.GetStudyAsync(id, _lifetime.Token);
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
            // A study that is already shown stays; the connection banner warns that it may be stale.
            _failure = _study is null ? ApiException.Unreachable : null;
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

    private string TabUrl(string key) => Navigation.GetUriWithQueryParameter("tab", key == DefaultTab ? null : key);
}
