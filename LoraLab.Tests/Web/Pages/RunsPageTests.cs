using System.Net;
using System.Text.RegularExpressions;
using Bunit;
using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Runs.Groups;
using LoraLab.Contracts.Runs.Views;
using LoraLab.Tests.Web.Support;
using LoraLab.Web.Pages.Runs;
using Xunit;

namespace LoraLab.Tests.Web.Pages;

/// <summary>The Runs page in each state: rows of thousands, groups, pinned rows, the baseline, saved views.</summary>
public sealed partial class RunsPageTests : PageTest
{
    private static readonly RunDocument _run = new()
    {
        Id = "run0",
        Name = "first",
        Color = "#2a78d6",
        State = RunState.Completed,
        Spec = new RunSpec { Rank = 8, Seed = 3 },
        Summary = new RunSummary { TrainSeconds = 60 }.With(
            MetricKeys.EvalAccuracy, new MetricSummary { Last = 0.9, Best = 0.92, BestStep = 50 }),
    };

    private static readonly SavedView _view = new()
    {
        Id = "view1",
        Name = "Ranks",
        Query = "filter=rank%20%3D%208&group=1",
        Note = "**why** <script>alert(1)</script>",
    };

    [Fact]
    public void Page_OneRun_IsARowWithMenuResultAndState()
    {
        Answer(List(_run));

        IRenderedComponent<RunsPage> page = Open<RunsPage>("runs");

        page.WaitForAssertion(() => Assert.Contains("90.00%", Find(page, "run-accuracy").TextContent, StringComparison.Ordinal));
        Assert.Contains("best 92.00% @ 50", Find(page, "run-accuracy").TextContent, StringComparison.Ordinal);
        Assert.Equal("completed", Find(page, "state-badge").GetAttribute("data-state"));
        Assert.NotNull(page.Find("[aria-label='Actions for first']"));
        Assert.Contains("1 run", Find(page, "table-foot").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void Page_TenThousandRuns_FetchesThePagesInSightOnly()
    {
        Server.Answer(HttpMethod.Get, ApiRoutes.RunGroups, request => Page(request, 10_000));

        IRenderedComponent<RunsPage> page = Open<RunsPage>("runs");

        page.WaitForAssertion(() => Assert.NotEmpty(FindAll(page, "run-row")));
        Assert.InRange(FindAll(page, "run-row").Count, 1, 200);
        Assert.InRange(Server.Requests.Count(request => request.Path == ApiRoutes.RunGroups), 1, 5);
        Assert.Equal("10001", Find(page, "runs-table").GetAttribute("aria-rowcount"));
        Assert.Contains("10,000 runs", Find(page, "table-foot").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void Page_Customized_KeepsProgressAndMenuOfEachRun()
    {
        RunDocument running = _run with { State = RunState.Running, Progress = new RunProgress { Step = 5, TotalSteps = 10 } };
        Answer(List(running));

        IRenderedComponent<RunsPage> page = Open<RunsPage>("runs?cols=state,name,alpha");

        page.WaitForAssertion(() => Assert.NotNull(page.Find($"[title='{NumberFormat.Progress(5, 10)}']")));
        Assert.NotNull(page.Find("[aria-label='Actions for first']"));
    }

    [Fact]
    public void Page_GroupBaselineAndPins_AreAskedOfTheServer()
    {
        Answer(new RunGroupList { Pinned = [Row(_run)], Runs = 1, Baseline = Row(_run), Data = [RunData.Of(_run)] });

        IRenderedComponent<RunsPage> page = Open<RunsPage>("runs?group=1&base=run0&pin=run0,run7&sort=rank");

        page.WaitForAssertion(() => Assert.Contains("baseline", Find(page, "run-row").TextContent, StringComparison.Ordinal));
        Assert.Contains("pinned", Find(page, "run-row").ClassName, StringComparison.Ordinal);
        Assert.Contains(
            "?sort=rank&by=seeds&baseline=run0&pinned=run0,run7&limit=60",
            Server.Requests.Single(request => request.Path == ApiRoutes.RunGroups).Query,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Page_RunOfOtherData_IsMarked()
    {
        RunDocument other = _run with { Id = "run1", Name = "second", Spec = _run.Spec with { EvalSplit = EvalSplit.Selection } };
        Answer(List(_run, other) with { Data = [RunData.Of(_run) with { Runs = 9 }, RunData.Of(other)] });

        IRenderedComponent<RunsPage> page = Open<RunsPage>("runs");

        page.WaitForAssertion(() => Assert.Equal("sample, selection split", Find(page, "run-dataset").TextContent));
        Assert.Contains("do not compare", Find(page, "table-foot").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void Page_OfTheIdOfAView_GoesToItsWholeAddress()
    {
        Answer(List(_run));
        Server.Answer(HttpMethod.Get, ApiRoutes.View("view1"), _view);

        Open<RunsPage>("runs?view=view1");

        Assert.EndsWith("runs?view=view1&filter=rank%20%3D%208&group=1", Navigation.Uri, StringComparison.Ordinal);
    }

    [Fact]
    public void Page_OfAView_HasItsParametersNameAndNote()
    {
        Answer(List(_run));
        Server.Answer(HttpMethod.Get, ApiRoutes.View("view1"), _view);

        IRenderedComponent<RunsPage> page = Open<RunsPage>("runs?view=view1&filter=rank%20%3D%208&group=1");
        page.WaitForAssertion(() => Assert.Equal("why", page.Find("[data-testid='markdown'] strong").TextContent));
        Assert.Empty(page.FindAll("[data-testid='markdown'] script"));
        Assert.Equal("Ranks", page.Find("h1").TextContent.Trim());
        Assert.Empty(FindAll(page, "view-changed"));
    }

    [Fact]
    public void Page_ChangedView_IsSavedUnderTheSameName()
    {
        Answer(List(_run));
        Server.Answer(HttpMethod.Get, ApiRoutes.View("view1"), _view);
        Server.Answer(HttpMethod.Patch, ApiRoutes.View("view1"), _view with { Query = "filter=rank%20%3D%209" });

        IRenderedComponent<RunsPage> page = Open<RunsPage>("runs?view=view1&filter=rank%20%3D%209");
        page.WaitForAssertion(() => Assert.NotEmpty(FindAll(page, "view-changed")));
        Find(page, "update-view").Click();

        page.WaitForAssertion(() => Assert.Equal(
            """{"query":"filter=rank%20%3D%209"}""", Server.Requests.Last(request => request.Method == HttpMethod.Patch).Body));
    }

    [Fact]
    public void Page_OfAViewThatIsGone_SaysSoAndShowsRuns()
    {
        Answer(List(_run));
        Server.Refuse(HttpMethod.Get, ApiRoutes.View("gone"), HttpStatusCode.NotFound, "There is no saved view 'gone'.");

        IRenderedComponent<RunsPage> page = Open<RunsPage>("runs?view=gone");

        page.WaitForAssertion(() => Assert.Contains(
            "no saved view 'gone'", Find(page, "view-failure").TextContent, StringComparison.Ordinal));
        page.WaitForAssertion(() => Assert.Single(FindAll(page, "run-row")));
    }

    [Fact]
    public void Page_ServerAway_SaysSoAndTriesAgain()
    {
        Server.BreakOff(HttpMethod.Get, ApiRoutes.RunGroups);
        IRenderedComponent<RunsPage> page = Open<RunsPage>("runs");
        page.WaitForAssertion(() => Assert.Contains("cannot be reached", page.Markup, StringComparison.OrdinalIgnoreCase));

        Answer(List(_run));
        page.FindAll("button").First(button => RetryText().IsMatch(button.TextContent)).Click();

        page.WaitForAssertion(() => Assert.Single(FindAll(page, "run-row")));
    }

    private static RunGroup Row(RunDocument run) => new() { First = run, Ids = [run.Id], Data = RunData.Of(run) };

    private static RunGroupList List(params RunDocument[] runs) => new()
    {
        Items = [.. runs.Select(Row)],
        Total = runs.Length,
        Runs = runs.Length,
        Data = [RunData.Of(runs[0])],
        Metrics = [MetricKeys.EvalAccuracy],
    };

    private static RunGroupList Page(SentRequest request, int total)
    {
        int offset = OffsetText().Match(request.Query) is { Success: true } match
            ? int.Parse(match.Groups[1].ValueSpan, System.Globalization.CultureInfo.InvariantCulture) : 0;
        RunDocument[] runs =
            [.. Enumerable.Range(offset, Math.Min(60, total - offset)).Select(i => _run with { Id = $"run{i}", Name = $"run {i}" })];
        return List(runs) with { Total = total, Runs = total };
    }

    private void Answer(RunGroupList list) => Server.Answer(HttpMethod.Get, ApiRoutes.RunGroups, list);

    [GeneratedRegex("offset=([0-9]+)")]
    private static partial Regex OffsetText();

    [GeneratedRegex("[Rr]etry|[Tt]ry again")]
    private static partial Regex RetryText();
}
