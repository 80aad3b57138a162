using System.Net;
using Bunit;
using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Web.Support;
using LoraLab.Web.Pages.Run;
using Xunit;

namespace LoraLab.Tests.Web.Pages;

/// <summary>The adapter tab of the run page: files, merges, aliases and lineage.</summary>
public sealed class RunAdaptersTests : PageTest
{
    private const string Id = "0abc123def";
    private const string Hash = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    private static readonly RunDocument _run = new()
    {
        Id = Id,
        Name = "warm lion",
        Color = "#2563eb",
        State = RunState.Completed,
        EndReason = EndReason.EarlyStopped,
        SubmittedBy = "ci",
        Aliases = ["champion"],
        Spec = new RunSpec(),
        Progress = new RunProgress { Step = 150, TotalSteps = 1250 },
        Summary = new RunSummary { EarlyStop = "Stopped early at step 150 of 1,250." }
            .With(MetricKeys.EvalAccuracy, new MetricSummary { Last = 0.7, Best = 0.9, BestStep = 50 }),
        CreatedAt = TimeProvider.System.GetUtcNow(),
    };

    public RunAdaptersTests()
    {
        Server.Answer(HttpMethod.Get, ApiRoutes.Run(Id), _run);
        Server.Answer(HttpMethod.Get, ApiRoutes.Run(Id, "metrics"), new RunMetrics(Id, new Dictionary<string, MetricSeries>()));
        Server.Answer(HttpMethod.Get, ApiRoutes.Run(Id, "artifacts"), new RunArtifacts(Id, 3072, [
            File("adapter/adapter_model.safetensors", ArtifactKind.Adapter),
            File("adapter-best/adapter_model.safetensors", ArtifactKind.BestAdapter),
            File("spec.json", ArtifactKind.Spec)]));
        Server.Answer(HttpMethod.Get, ApiRoutes.Run(Id, "lineage"), new RunLineage(Id, [Item(Id, 0)], false));
        Server.Answer(HttpMethod.Get, ApiRoutes.Run(Id, "merge"), Merge(MergeState.None));
    }

    [Fact]
    public void Header_OfARunThatStoppedEarly_SaysSoAndWhoSubmittedIt()
    {
        IRenderedComponent<RunPage> page = OpenTab();

        page.WaitForAssertion(
            () => Assert.Contains("Stopped early at step 150", Find(page, "early-stop").TextContent, StringComparison.Ordinal));
        Assert.Equal("by ci", Find(page, "submitted-by").TextContent);
        Assert.Equal("champion", Find(page, "alias").TextContent);
    }

    [Fact]
    public void Tab_WithBothAdapters_ShowsTheirFilesAndDownloads()
    {
        IRenderedComponent<RunPage> page = OpenTab();

        page.WaitForAssertion(
            () => Assert.Contains("step 50: accuracy 90.00%", Find(page, "adapter-best").TextContent, StringComparison.Ordinal));
        Assert.Contains("1 KiB", Find(page, "adapter-last").TextContent, StringComparison.Ordinal);
        Assert.Contains(Hash[..12], Find(page, "adapter-last").TextContent, StringComparison.Ordinal);
        Assert.EndsWith($"/runs/{Id}/adapter?which=best", Find(page, "download-best").GetAttribute("href"), StringComparison.Ordinal);
        Assert.EndsWith($"/runs/{Id}/adapter?which=last", Find(page, "download-last").GetAttribute("href"), StringComparison.Ordinal);
        Assert.Empty(Server.Unexpected);
    }

    [Fact]
    public void Merge_Started_ShowsProgressUntilTheModelCanBeDownloaded()
    {
        Server.Answer(HttpMethod.Post, ApiRoutes.Run(Id, "merge"), Merge(MergeState.Running, done: 1, total: 4));
        IRenderedComponent<RunPage> page = OpenTab();
        page.WaitForAssertion(() => Find(page, "merge-best"));
        TaskCompletionSource<object> next = Server.Hold(HttpMethod.Get, ApiRoutes.Run(Id, "merge"));

        Find(page, "merge-best").Click();
        page.WaitForAssertion(
            () => Assert.Contains("1 of 4 weights merged", Find(page, "merging-best").TextContent, StringComparison.Ordinal));
        Assert.Contains(Server.Requests, request => request.Method == HttpMethod.Post && request.Query == "?which=best");

        next.SetResult(Merge(MergeState.Completed) with { Bytes = 2048 });
        page.WaitForAssertion(() => Assert.EndsWith(
            $"/runs/{Id}/merge/model?which=best", Find(page, "download-merged-best").GetAttribute("href"), StringComparison.Ordinal));
    }

    [Fact]
    public void Merge_ThatFailed_ShowsWhyAndOffersItAgain()
    {
        Server.Answer(HttpMethod.Get, ApiRoutes.Run(Id, "merge"), Merge(MergeState.Failed) with { Error = "The disk is full." });

        IRenderedComponent<RunPage> page = OpenTab();

        page.WaitForAssertion(() => Assert.Equal("The disk is full.", Find(page, "merge-error-last").TextContent));
        Find(page, "merge-last");
    }

    [Fact]
    public void Alias_NotValidOrRefused_IsExplainedBesideTheFieldAndStays()
    {
        Server.Refuse(HttpMethod.Put, ApiRoutes.Alias("best-of-all"), HttpStatusCode.Conflict, "Run 1 has 20 aliases.");
        IRenderedComponent<RunPage> page = OpenTab();
        page.WaitForAssertion(() => Find(page, "alias-input"));

        Find(page, "alias-input").Input("Not Valid");
        Assert.StartsWith("'Not Valid' cannot be an alias", Find(page, "alias-error").TextContent, StringComparison.Ordinal);
        Assert.True(Find(page, "alias-set").HasAttribute("disabled"));

        Find(page, "alias-input").Input("best-of-all");
        Assert.Empty(FindAll(page, "alias-error"));
        Find(page, "alias-set").ParentElement!.Submit();
        page.WaitForAssertion(() => Assert.Equal("Run 1 has 20 aliases.", Find(page, "alias-error").TextContent));
        Assert.Equal("best-of-all", Find(page, "alias-input").GetAttribute("value"));
    }

    [Fact]
    public void Lineage_WithADeletedAncestor_NamesItAsDeleted()
    {
        Server.Answer(HttpMethod.Get, ApiRoutes.Run(Id, "lineage"), new RunLineage(
            Id,
            [
                Item(Id, 0) with { Parents = [new("0abc123de0", LineageRelation.InitFromBest)] },
                new() { Id = "0abc123de0", Kind = LineageKind.DeletedRun, Generation = -1 },
                Item("0abc123dez", 1) with { Name = "small <b>cat</b>", Parents = [new(Id, LineageRelation.Clone)] },
            ],
            LeftOut: false));

        IRenderedComponent<RunPage> page = OpenTab();

        page.WaitForAssertion(() => Assert.Equal(3, FindAll(page, "lineage-item").Count));
        Assert.Equal(["0abc123de0", Id, "0abc123dez"], FindAll(page, "lineage-item").Select(item => item.GetAttribute("data-id")));
        Assert.Contains("Run 0abc123de0 (deleted)", FindAll(page, "lineage-item")[0].TextContent, StringComparison.Ordinal);
        Assert.Contains(
            "starts from the best adapter of 0abc123de0", FindAll(page, "lineage-item")[1].TextContent, StringComparison.Ordinal);
        Assert.Contains("small <b>cat</b>", FindAll(page, "lineage-item")[2].TextContent, StringComparison.Ordinal);
    }

    private static RunArtifact File(string name, ArtifactKind kind) => new() { Name = name, Kind = kind, Bytes = 1024, Sha256 = Hash };

    private static LineageItem Item(string id, int generation) =>
        new() { Id = id, Name = "warm lion", State = RunState.Completed, Color = "#2563eb", Generation = generation };

    private static RunMerge Merge(MergeState state, int? done = null, int? total = null) =>
        new() { RunId = Id, Which = AdapterChoice.Best, State = state, Done = done, Total = total };

    private IRenderedComponent<RunPage> OpenTab() =>
        Open<RunPage>($"runs/{Id}?tab=adapter", parameters => parameters.Add(page => page.Id, Id));
}
