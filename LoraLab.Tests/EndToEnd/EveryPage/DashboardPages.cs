using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;

namespace LoraLab.Tests.EndToEnd.EveryPage;

/// <summary>The addresses of every page and tab of a server, with the newest runs, study and sweep that it has.</summary>
internal static class DashboardPages
{
    private const int Compared = 5;

    private static readonly string[] _runTabs = ["charts", "config", "predictions", "fingerprint", "attempts", "files", "logs", "notes"];
    private static readonly string[] _studyTabs = ["tables", "matrix", "selection", "claims", "figures", "plan"];

    /// <summary>Name, which is also that of a picture, and address of every page.</summary>
    internal static async Task<IReadOnlyList<(string Name, string Address)>> OfAsync(RunApi api)
    {
        RunList runs = await api.ReadAsync<RunList>($"{ApiRoutes.Runs}?state=completed&limit=50");
        StudyList studies = await api.ReadAsync<StudyList>(ApiRoutes.Studies);
        SweepList sweeps = await api.ReadAsync<SweepList>(ApiRoutes.Sweeps);
        string[] own = [.. runs.Items.Where(run => run.StudyId is null && run.SweepId is null).Take(Compared).Select(run => run.Id)];
        string ids = string.Join(',', own);
        List<(string Name, string Address)> pages =
        [
            ("runs", "/runs"), ("runs-grouped", "/runs?group=1&collapse=1"), ("runs-none", "/runs?q=no-such-run"), ("run-new", "/runs/new"),
            ("run-new-all", "/runs/new?methods=all"), ("run-missing", "/runs/NONE"), ("queue", "/queue"), ("compare-start", "/compare"),
            ("compare", $"/compare?runs={ids}"), ("playground", $"/playground?runs={string.Join(',', own.Take(3))}"), ("sweeps", "/sweeps"),
            ("sweep-new", "/sweeps/new"), ("studies", "/studies"), ("study-new", "/studies/new"), ("methods", "/methods"),
            ("models", "/models"), ("system", "/system"), ("keys", "/keys"), ("not-found", "/not-found"),
        ];
        if (own.Length > 0)
        {
            pages.AddRange(_runTabs.Select(tab => ($"run-{tab}", $"/runs/{own[^1]}?tab={tab}")));
        }

        if (studies.Items.Count > 0)
        {
            pages.AddRange(_studyTabs.Select(tab => ($"study-{tab}", $"/studies/{studies.Items[0].Id}?tab={tab}")));
        }

        if (sweeps.Items.Count > 0)
        {
            pages.Add(("sweep", $"/sweeps/{sweeps.Items[0].Id}"));
        }

        return pages;
    }
}
