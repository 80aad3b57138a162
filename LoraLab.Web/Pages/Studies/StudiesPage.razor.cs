using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Live;
using LoraLab.Web.Api;
using LoraLab.Web.Components;
using LoraLab.Web.State;

namespace LoraLab.Web.Pages.Studies;

/// <summary>All studies. The list response contains no runs, so each running study is fetched separately.</summary>
public sealed partial class StudiesPage
{
    /// <summary>Limit on running studies that are fetched; studies beyond it are shown without live progress.</summary>
    private const int MaxFetched = 8;

    private readonly PageLifetime _lifetime = new();
    private Dictionary<string, StudyDocument> _running = [];
    private IReadOnlyList<StudyDocument>? _studies;
    private IReadOnlyList<StudyTemplate> _templates = [];
    private RenderThrottle? _refetch;
    private RenderThrottle? _render;
    private string? _failure;

    protected override async Task OnInitializedAsync()
    {
        Live.Reconnected += OnReconnected;
        _refetch = new RenderThrottle(TimeSpan.FromSeconds(2), () => InvokeAsync(RefetchAsync));
        _render = new RenderThrottle(TimeSpan.FromMilliseconds(500), () => InvokeAsync(StateHasChanged));
        _lifetime.Hold(await Live.ListenAsync(LiveHub.Studies, _ => _refetch.Request()));
        _lifetime.Hold(await Live.ListenAsync(LiveHub.Runs, OnRun));
        await LoadAsync();
    }

    public void Dispose()
    {
        Live.Reconnected -= OnReconnected;
        _refetch?.Dispose();
        _render?.Dispose();
        _lifetime.Dispose();
    }

    private static bool IsToy(StudyDocument study) =>
        BundledSample.IsUsedBy(study.Plan.Model, study.Plan.Dataset);

    /// <summary>Time left of a running study, time taken of an ended one.</summary>
    private static string Time(StudyDocument study, StudyDocument now) => now.EtaSeconds is double eta && study.State == StudyState.Running
        ? Format.Duration(eta)
        : study.EndedAt is DateTimeOffset ended ? $"took {Format.Duration((ended - study.CreatedAt).TotalSeconds)}" : Format.Nothing;

    private async Task LoadAsync()
    {
        try
        {
            IReadOnlyList<StudyDocument> studies = (await Api.ListStudiesAsync(_lifetime.Token)).Items;
            _templates = studies.Count == 0 && _templates.Count == 0 ? await Api.StudyTemplatesAsync(_lifetime.Token) : _templates;
            StudyDocument[] running = await Task.WhenAll(studies.Where(study => study.State == StudyState.Running).Take(MaxFetched)
                .Select(study => Api.GetStudyAsync(study.Id, _lifetime.Token)));
            (_studies, _running, _failure) = (studies, running.ToDictionary(study => study.Id), null);
        }
        catch (Exception failure) when (failure is HttpRequestException or ApiException)
        {
            // A list that is already shown stays; the connection banner warns that it may be stale.
            _failure = _studies is not null ? null : ApiException.MessageFor(failure);
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
        foreach ((string id, StudyDocument study) in _running.ToList())
        {
            if (LiveStudies.Apply(study, message) is StudyDocument next)
            {
                _running[id] = next;
                _render?.Request();
            }
        }
    }
}
