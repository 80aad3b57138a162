using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Live;
using LoraLab.Web.Components;
using LoraLab.Web.State;

namespace LoraLab.Web.Pages.Studies;

/// <summary>All studies. The list response contains no runs, so each running study is fetched separately.</summary>
public sealed partial class StudiesPage
{
    /// <summary>Limit on running studies that are fetched; studies beyond it are shown without live progress.</summary>
    private const int MaxFetched = 8;

    private Dictionary<string, StudyDocument> _running = [];
    private IReadOnlyList<StudyTemplate> _templates = [];

    public StudiesPage() : base(drawPause: TimeSpan.FromMilliseconds(500), loadPause: TimeSpan.FromSeconds(2))
    {
    }

    protected override Task OnInitializedAsync() => ShowAsync(
        "studies", keep: false, (LiveHub.Studies, _ => Reload()), (LiveHub.Runs, OnRun));

    protected override async Task<IReadOnlyList<StudyDocument>> FetchAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<StudyDocument> studies = (await Api.ListStudiesAsync(cancellationToken)).Items;
        _templates = studies.Count == 0 && _templates.Count == 0 ? await Api.StudyTemplatesAsync(cancellationToken) : _templates;
        StudyDocument[] running = await Task.WhenAll(studies.Where(study => study.State == StudyState.Running).Take(MaxFetched)
            .Select(study => Api.GetStudyAsync(study.Id, cancellationToken)));
        _running = running.ToDictionary(study => study.Id);
        return studies;
    }

    private static bool IsToy(StudyDocument study) =>
        BundledSample.IsUsedBy(study.Plan.Model, study.Plan.Dataset);

    /// <summary>Time left of a running study, time taken of an ended one.</summary>
    private static string Time(StudyDocument study, StudyDocument now) => now.EtaSeconds is double eta && study.State == StudyState.Running
        ? Format.Duration(eta)
        : study.EndedAt is DateTimeOffset ended ? $"took {Format.Duration((ended - study.CreatedAt).TotalSeconds)}" : Format.Nothing;

    private void OnRun(LiveEvent message)
    {
        foreach ((string id, StudyDocument study) in _running.ToList())
        {
            if (LiveStudies.Apply(study, message) is StudyDocument next)
            {
                _running[id] = next;
                Draw();
            }
        }
    }
}
