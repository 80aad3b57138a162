using System.Net;
using Bunit;
using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Web.Support;
using LoraLab.Web.Pages.Run;
using Xunit;

namespace LoraLab.Tests.Web.Pages;

/// <summary>The run page while it loads, without its run, without the server, and with both.</summary>
public sealed class RunPageStatesTests : PageTest
{
    private const string Id = "RUN1";

    private static readonly RunDocument _run = new()
    {
        Id = Id,
        Name = "warm lion",
        Color = "#2563eb",
        State = RunState.Completed,
        Notes = "Learns fast.",
        Spec = new RunSpec(),
        CreatedAt = TimeProvider.System.GetUtcNow(),
    };

    public RunPageStatesTests() => Server.Answer(
        HttpMethod.Get, ApiRoutes.Run(Id, "metrics"), new RunMetrics(Id, new Dictionary<string, MetricSeries>()));

    [Fact]
    public void Page_WhileItLoads_ShowsASkeletonThenTheRun()
    {
        TaskCompletionSource<object> run = Server.Hold(HttpMethod.Get, ApiRoutes.Run(Id));

        IRenderedComponent<RunPage> page = OpenNotes();
        Assert.Equal("Loading", page.Find("[role='status']").GetAttribute("aria-label"));
        Assert.DoesNotContain(_run.Name, page.Markup, StringComparison.Ordinal);

        run.SetResult(_run);
        page.WaitForAssertion(() => Assert.Contains(_run.Name, page.Markup, StringComparison.Ordinal));
        Assert.Empty(page.FindAll("[role='status']"));
        Assert.Empty(Server.Unexpected);
    }

    [Fact]
    public void Page_OfARunThatDoesNotExist_SaysSo()
    {
        Server.Refuse(HttpMethod.Get, ApiRoutes.Run(Id), HttpStatusCode.NotFound, "There is no run RUN1.");

        IRenderedComponent<RunPage> page = OpenNotes();

        page.WaitForAssertion(() => Assert.Equal("Run not found", page.Find("h1").TextContent));
        Assert.Equal("runs", page.Find("a[href]").GetAttribute("href"));
    }

    [Fact]
    public void Page_AtAnAlias_LeadsToTheRun()
    {
        Server.Answer(HttpMethod.Get, ApiRoutes.Run("champion"), _run);
        Server.Answer(
            HttpMethod.Get, ApiRoutes.Run("champion", "metrics"), new RunMetrics(Id, new Dictionary<string, MetricSeries>()));

        IRenderedComponent<RunPage> page = Open<RunPage>("runs/champion?tab=notes", parameters => parameters.Add(it => it.Id, "champion"));

        page.WaitForAssertion(() => Assert.Equal($"http://localhost/runs/{Id}?tab=notes", Navigation.Uri));
    }

    [Fact]
    public void Tag_TooLong_IsNotCutButSaysSo()
    {
        Server.Answer(HttpMethod.Get, ApiRoutes.Run(Id), _run);
        IRenderedComponent<RunPage> page = OpenNotes();
        page.WaitForAssertion(() => Assert.NotNull(Find(page, "new-tag")));
        string tag = new('x', TextLimits.Tag + 1);

        Find(page, "new-tag").Input(tag);

        Assert.Equal("A tag has at most 64 characters; this has 65.", Find(page, "tag-problem").TextContent);
        Assert.Equal(tag, Find(page, "new-tag").GetAttribute("value"));
        Assert.True(page.FindAll("button").Single(button => button.TextContent.Trim() == "Add").HasAttribute("disabled"));
        Assert.False(Find(page, "new-tag").HasAttribute("maxlength"));
    }

    [Fact]
    public void Tag_ThatTheServerRefuses_StaysWithItsSentence()
    {
        Server.Answer(HttpMethod.Get, ApiRoutes.Run(Id), _run);
        Server.Refuse(HttpMethod.Patch, ApiRoutes.Run(Id), HttpStatusCode.BadRequest, "tags must not have more than 50 tags.");
        IRenderedComponent<RunPage> page = OpenNotes();
        page.WaitForAssertion(() => Assert.NotNull(Find(page, "new-tag")));

        Find(page, "new-tag").Input("more");
        page.Find("form").Submit();

        page.WaitForAssertion(() => Assert.Equal("tags must not have more than 50 tags.", Find(page, "tag-problem").TextContent));
        Assert.Equal("more", Find(page, "new-tag").GetAttribute("value"));
    }

    [Fact]
    public void Page_WithoutTheServer_OffersToTryAgainAndThenLoads()
    {
        Server.BreakOff(HttpMethod.Get, ApiRoutes.Run(Id));

        IRenderedComponent<RunPage> page = OpenNotes();
        page.WaitForAssertion(
            () => Assert.Contains("The server cannot be reached.", Find(page, "empty-state").TextContent, StringComparison.Ordinal));

        Server.Answer(HttpMethod.Get, ApiRoutes.Run(Id), _run);
        page.Find("button").Click();
        page.WaitForAssertion(() => Assert.Contains(_run.Name, page.Markup, StringComparison.Ordinal));
    }

    [Fact]
    public void Page_RefusedByTheServer_ShowsItsSentence()
    {
        Server.Refuse(HttpMethod.Get, ApiRoutes.Run(Id), HttpStatusCode.ServiceUnavailable, "The store is being restored.");

        IRenderedComponent<RunPage> page = OpenNotes();

        page.WaitForAssertion(
            () => Assert.Contains("The store is being restored.", Find(page, "empty-state").TextContent, StringComparison.Ordinal));
    }

    [Fact]
    public void Page_Loaded_ShowsTheTabOfItsAddress()
    {
        Server.Answer(HttpMethod.Get, ApiRoutes.Run(Id), _run);

        IRenderedComponent<RunPage> page = OpenNotes();

        page.WaitForAssertion(() => Assert.Equal("page", Find(page, "tab-notes").GetAttribute("aria-current")));
        Assert.Contains(_run.Notes!, page.Markup, StringComparison.Ordinal);
        Assert.Null(Find(page, "tab-charts").GetAttribute("aria-current"));
    }

    private IRenderedComponent<RunPage> OpenNotes() =>
        Open<RunPage>($"runs/{Id}?tab=notes", parameters => parameters.Add(page => page.Id, Id));
}
