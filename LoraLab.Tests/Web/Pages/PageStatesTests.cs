using System.Net;
using Bunit;
using LoraLab.Contracts;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Machine;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Runs.Groups;
using LoraLab.Tests.Support;
using LoraLab.Tests.Web.Support;
using LoraLab.Web.Api;
using LoraLab.Web.Pages.Catalog;
using LoraLab.Web.Pages.Comparison;
using LoraLab.Web.Pages.Machine;
using LoraLab.Web.Pages.Playground;
using LoraLab.Web.Pages.Queue;
using LoraLab.Web.Pages.Run;
using LoraLab.Web.Pages.Runs;
using LoraLab.Web.Pages.Studies;
using LoraLab.Web.Pages.Sweeps;
using LoraLab.Web.State;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace LoraLab.Tests.Web.Pages;

/// <summary>
/// Every page while it loads, without the server, refused by it, without what its address names, and after a lost connection. A name that
/// is markup is shown as text.
/// </summary>
public sealed class PageStatesTests : PageTest, IClassFixture<LiveHubServer>
{
    private const string Id = "ID1";
    private const string Name = "<b>warm</b> שלום lion";

    private static readonly DateTimeOffset _now = TimeProvider.System.GetUtcNow();
    private static readonly RunDocument _run = new()
    {
        Id = Id,
        Name = Name,
        Color = "#2563eb",
        State = RunState.Completed,
        Spec = new RunSpec(),
        CreatedAt = _now,
    };

    private static readonly StudyDocument _study = new()
    {
        Id = Id,
        Name = Name,
        Plan = new StudyPlan { Model = "sample", Dataset = "sample" },
        State = StudyState.Completed,
        CreatedAt = _now,
    };

    private static readonly SweepDocument _sweep = new()
    {
        Id = Id,
        Name = Name,
        Plan = new SweepPlan { Space = [new SweepField { Field = "rank", Values = [4, 8] }], Objective = MetricKeys.EvalAccuracy },
        State = SweepState.Completed,
        CreatedAt = _now,
    };

    private static readonly SystemDocument _system = new()
    {
        Version = Name,
        OperatingSystem = "Debian",
        Runtime = ".NET 10",
        DataDirectory = "data",
        Lanes = ["cpu"],
        StartedAt = _now,
    };

    private static readonly QueueDocument _queue = new() { Running = [_run with { State = RunState.Running }] };
    private static readonly MethodDescriptor _method = new()
    {
        Id = "lora",
        Name = Name,
        Summary = "",
        Formula = "",
        Trains = "",
        Start = "",
        Source = "",
        Color = "#2563eb",
        DefaultLearningRate = 2e-4,
    };

    private static readonly RunGroupList _groups = new()
    {
        Items = [new RunGroup { First = _run, Ids = [Id], Data = RunData.Of(_run) }],
        Total = 1,
        Runs = 1,
        Data = [RunData.Of(_run)],
    };

    private static readonly CompareDocument _comparison = new()
    {
        Rows = [new CompareRow { RunId = Id, Name = Name, Method = "lora", Color = "#2563eb", State = RunState.Completed }],
    };

    private static readonly Dictionary<string, Page> _pages = new()
    {
        ["run"] = new(ApiRoutes.Run(Id), _run, test => test.Open<RunPage>($"runs/{Id}?tab=notes", page => page.Add(it => it.Id, Id))),
        ["study"] = new(ApiRoutes.Study(Id), _study, test => test.Open<StudyPage>($"studies/{Id}", page => page.Add(it => it.Id, Id))),
        ["sweep"] = new(ApiRoutes.Sweep(Id), _sweep, test => test.Open<SweepPage>($"sweeps/{Id}", page => page.Add(it => it.Id, Id))),
        ["studies"] = new(ApiRoutes.Studies, new StudyList([_study]), test => test.Open<StudiesPage>("studies")),
        ["sweeps"] = new(ApiRoutes.Sweeps, new SweepList([_sweep]), test => test.Open<SweepsPage>("sweeps")),
        ["methods"] = new(ApiRoutes.Methods, new[] { _method }, test => test.Open<MethodsPage>("methods")),
        ["system"] = new(ApiRoutes.System, _system, test => test.Open<SystemPage>("system")),
        ["queue"] = new(ApiRoutes.Queue, _queue, test => test.Open<QueuePage>("queue")),
        ["runs"] = new(ApiRoutes.RunGroups, _groups, test => test.Open<RunsPage>("runs")),
        ["compare"] = new(ApiRoutes.Compare, _comparison, test => test.Open<ComparePage>($"compare?runs={Id}")),
        ["models"] = new(ApiRoutes.Models, new[] { new ModelEntry { Name = Name } }, test => test.Open<ModelsPage>("models")),
        ["playground"] = new(ApiRoutes.Runs, new RunList([_run], null, 1), test => test.Open<PlaygroundPage>("playground")),
        ["keys"] = new(ApiRoutes.Keys, new KeyList(true, [new KeyEntry(Name, ["read"], null)]), test => test.Open<KeysPage>("keys")),
    };

    private readonly LiveHubServer _hub;

    public PageStatesTests(LiveHubServer hub) : base(hub) => _hub = hub;

    public static TheoryData<string> All => [.. _pages.Keys];

    /// <summary>All but the methods, which are the same as long as the server is.</summary>
    public static TheoryData<string> Changing => [.. _pages.Keys.Where(name => name != "methods")];

    public static TheoryData<string> OfOneObject => ["run", "study", "sweep"];

    [Theory]
    [MemberData(nameof(All))]
    public async Task Page_WhileItLoads_ShowsASkeletonThenItsContentAsText(string name)
    {
        TaskCompletionSource<object> response = Server.Hold(HttpMethod.Get, _pages[name].Route);
        IRenderedComponent<IComponent> page = await OpenAsync(name);
        Assert.NotEmpty(page.FindAll("[role='status'][aria-label='Loading']"));

        response.SetResult(_pages[name].Content);

        page.WaitForAssertion(() => Assert.Contains(
            Name, string.Concat(page.Nodes.Select(node => node.TextContent)), StringComparison.Ordinal));
        Assert.Empty(page.FindAll("[aria-label='Loading']"));
        Assert.DoesNotContain(page.FindAll("b"), element => element.TextContent == "warm");
        Assert.Empty(Server.Unexpected);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Page_WithoutTheServer_SaysSoAndTriesAgain(string name)
    {
        Server.BreakOff(HttpMethod.Get, _pages[name].Route);
        IRenderedComponent<IComponent> page = await OpenAsync(name);
        page.WaitForAssertion(() => Assert.Contains("The server cannot be reached.", EmptyState(page), StringComparison.Ordinal));

        Server.Answer(HttpMethod.Get, _pages[name].Route, _pages[name].Content);
        page.Find("[data-testid='empty-state'] button").Click();

        page.WaitForAssertion(() => Assert.Empty(page.FindAll("[data-testid='empty-state']")));
        Assert.Contains("warm", page.Markup, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Page_Refused_ShowsTheServersSentence(string name)
    {
        Server.Refuse(HttpMethod.Get, _pages[name].Route, HttpStatusCode.ServiceUnavailable, "The store is being restored.");

        IRenderedComponent<IComponent> page = await OpenAsync(name);

        page.WaitForAssertion(() => Assert.Contains("The store is being restored.", EmptyState(page), StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(OfOneObject))]
    public async Task Page_OfWhatDoesNotExist_NamesTheIdAndLeadsBack(string name)
    {
        Server.Refuse(HttpMethod.Get, _pages[name].Route, HttpStatusCode.NotFound, "It does not exist.");

        IRenderedComponent<IComponent> page = await OpenAsync(name);

        page.WaitForAssertion(() => Assert.Contains($"with the ID {Id}", EmptyState(page), StringComparison.Ordinal));
        Assert.Equal(name == "study" ? "studies" : name + "s", page.Find("[data-testid='empty-state'] a").GetAttribute("href"));
    }

    [Theory]
    [MemberData(nameof(Changing))]
    public async Task Page_AfterALostConnection_IsUpToDateAgain(string name)
    {
        Server.Answer(HttpMethod.Get, _pages[name].Route, _pages[name].Content);
        IRenderedComponent<IComponent> page = await OpenConnectedAsync(name);
        int before = Server.Requests.Count(request => request.Path == _pages[name].Route);

        Server.BreakOff(HttpMethod.Get, _pages[name].Route);
        _hub.BreakOff();
        page.WaitForAssertion(() => Assert.Contains("The server cannot be reached.", OutOfDate(page), StringComparison.Ordinal));
        Assert.Contains("warm", page.Markup, StringComparison.Ordinal);

        Server.Answer(HttpMethod.Get, _pages[name].Route, _pages[name].Content);
        _hub.BreakOff();
        page.WaitForAssertion(() => Assert.Empty(page.FindAll("[data-testid='out-of-date']")));
        Assert.True(Server.Requests.Count(request => request.Path == _pages[name].Route) > before + 1);
    }

    [Fact]
    public async Task RunPage_WhoseRunIsDeletedMeanwhile_SaysSo()
    {
        Server.Answer(HttpMethod.Get, ApiRoutes.Run(Id), _run);
        IRenderedComponent<IComponent> page = await OpenConnectedAsync("run");

        await _hub.SendAsync(LiveEventTypes.RunState, Id, new { deleted = true });

        page.WaitForAssertion(() => Assert.Contains("It may have been deleted.", EmptyState(page), StringComparison.Ordinal));
    }

    /// <summary>A page does not wait for the live connection: what happens until then is replayed, without a second request.</summary>
    [Fact]
    public async Task RunPage_LoadedBeforeTheLiveConnection_IsToldWhatItMissed()
    {
        Server.Seq = 41;
        Server.Answer(HttpMethod.Get, ApiRoutes.Run(Id), _run);
        _hub.Record(41, LiveEventTypes.RunState, Id, _run with { Name = "older than the response" });
        _hub.Record(42, LiveEventTypes.RunState, Id, _run with { Name = "renamed" });
        await Services.GetRequiredService<LabApi>().MethodsAsync(CancellationToken.None);
        IRenderedComponent<IComponent> page = await OpenAsync("run");
        page.WaitForAssertion(() => Assert.Contains("warm", page.Find("h1").TextContent, StringComparison.Ordinal));

        await Services.GetRequiredService<LiveClient>().ConnectAsync();

        page.WaitForAssertion(() => Assert.Contains("renamed", page.Find("h1").TextContent, StringComparison.Ordinal));
        Assert.Single(Server.Requests, request => request.Path == ApiRoutes.Run(Id));
    }

    [Fact]
    public async Task RunPage_EventDuringItsRequest_IsAppliedAfterTheOlderResponse()
    {
        TaskCompletionSource<object> response = Server.Hold(HttpMethod.Get, ApiRoutes.Run(Id));
        IRenderedComponent<IComponent> page = await OpenConnectedAsync("run", loaded: false);
        // The page listens before it asks; an event before that would be in the response.
        await ProcessWait.UntilAsync(() => Server.Requests.Any(sent => sent.Path == ApiRoutes.Run(Id)), DefaultWaitTimeout);
        await _hub.SendAsync(LiveEventTypes.RunState, Id, _run with { Name = "renamed" });
        // The event has arrived once the next one of the same connection has.
        SystemState machine = Services.GetRequiredService<SystemState>();
        await machine.StartAsync();
        TaskCompletionSource arrived = new();
        machine.Changed += arrived.SetResult;
        await _hub.SendAsync(LiveEventTypes.SystemSample, null, new SystemSample());
        await arrived.Task.WaitAsync(DefaultWaitTimeout, Xunit.TestContext.Current.CancellationToken);

        response.SetResult(_run);

        page.WaitForAssertion(() => Assert.Contains("renamed", page.Find("h1").TextContent, StringComparison.Ordinal));
    }

    private static string EmptyState(IRenderedComponent<IComponent> page) => Find(page, "empty-state").TextContent;

    private static string OutOfDate(IRenderedComponent<IComponent> page) => Find(page, "out-of-date").TextContent;

    private async Task<IRenderedComponent<IComponent>> OpenConnectedAsync(string name, bool loaded = true)
    {
        await Services.GetRequiredService<LiveClient>().ConnectAsync();
        IRenderedComponent<IComponent> page = await OpenAsync(name);
        if (loaded)
        {
            page.WaitForAssertion(() => Assert.Contains("warm", page.Markup, StringComparison.Ordinal));
        }

        return page;
    }

    private async Task<IRenderedComponent<IComponent>> OpenAsync(string name)
    {
        AnswerIfOpen(ApiRoutes.Run(Id, "metrics"), new RunMetrics(Id, new Dictionary<string, MetricSeries>()));
        AnswerIfOpen(ApiRoutes.Sweep(Id, "importance"), new SweepImportance { Objective = MetricKeys.EvalAccuracy, Note = "Too few." });
        AnswerIfOpen(ApiRoutes.StudyTemplates, Array.Empty<StudyTemplate>());
        AnswerIfOpen(ApiRoutes.System, _system);
        AnswerIfOpen(ApiRoutes.Runs, new RunList([], null, 0));
        AnswerIfOpen(ApiRoutes.Run(Id), _run);
        AnswerIfOpen(ApiRoutes.Metrics, Array.Empty<RunMetrics>());
        AnswerIfOpen(ApiRoutes.Models, Array.Empty<ModelEntry>());
        AnswerIfOpen(ApiRoutes.Datasets, new[] { new DatasetEntry { Name = "data" } });
        AnswerIfOpen(ApiRoutes.Pulls, new PullList([], []));
        AnswerIfOpen(ApiRoutes.Uploads, new UploadList([]));
        IRenderedComponent<IComponent> page = _pages[name].Open(this);
        // The layout, which is not rendered, starts these; the response may be held.
        if (name == "queue")
        {
            _ = Services.GetRequiredService<QueueState>().StartAsync();
        }
        else if (name == "system")
        {
            _ = Services.GetRequiredService<SystemState>().StartAsync();
        }

        return page;
    }

    private void AnswerIfOpen(string route, object body)
    {
        if (!Server.HasAnswer(HttpMethod.Get, route))
        {
            Server.Answer(HttpMethod.Get, route, body);
        }
    }

    /// <param name="Route">The request that decides what the page shows.</param>
    /// <param name="Content">The answer to it.</param>
    /// <param name="Open">Opens the page.</param>
    private sealed record Page(string Route, object Content, Func<PageStatesTests, IRenderedComponent<IComponent>> Open);
}
