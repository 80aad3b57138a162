using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Live;
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

    public StudyPage() : base(drawPause: TimeSpan.FromMilliseconds(250), loadPause: TimeSpan.FromSeconds(2))
    {
    }

    [Parameter]
    public string Id { get; set; } = "";

    [SupplyParameterFromQuery(Name = "tab")]
    public string? Tab { get; set; }

    private IReadOnlyList<(string Key, string Title, int Count)> Tabs =>
    [
        (DefaultTab, "Results", 0),
        ("selection", "Selection", 0),
        ("claims", "Claims", Content?.Claims.Count ?? 0),
        ("tables", "Tables", Content?.Tables.Count ?? 0),
        ("figures", "Figures", Content?.Figures.Count ?? 0),
        ("plan", "Plan & notes", 0),
    ];

    private string ActiveTab => Tabs.Any(tab => tab.Key == Tab) ? Tab! : DefaultTab;

    protected override Task OnParametersSetAsync() => ShowAsync(
        Id, keep: false, (LiveHub.Study(Id), _ => Reload()), (LiveHub.Runs, OnRun));

    protected override Task<StudyDocument> FetchAsync(CancellationToken cancellationToken) => Api.GetStudyAsync(Id, cancellationToken);

    private void OnRun(LiveEvent message)
    {
        if (Content is not null && LiveStudies.Apply(Content, message) is StudyDocument next)
        {
            Content = next;
            Draw();
            if (LiveStudies.EndsARun(message))
            {
                Reload();
            }
        }
    }

    private string TabUrl(string key) => Navigation.GetUriWithQueryParameter("tab", key == DefaultTab ? null : key);
}
