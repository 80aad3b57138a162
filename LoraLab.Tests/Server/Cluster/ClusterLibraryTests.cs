using System.Diagnostics;
using System.Net;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace LoraLab.Tests.Server.Cluster;

/// <summary>Downloads, and samples of machines, of one node as another shows them.</summary>
[Trait("Category", "Long")]
public sealed class ClusterLibraryTests(ClusterTests.Nodes nodes) : IClassFixture<ClusterTests.Nodes>
{
    private readonly RunApi _a = new(nodes.Web[0].Http);
    private readonly RunApi _b = new(nodes.Web[1].Http);

    [Fact]
    public async Task Pull_OfOneWebNode_IsShownCancelledAndForgottenByAnother()
    {
        using CancellationTokenSource watching = new();
        await using HubConnection hub = await WatchAsync(nodes.Web[1], LiveEventTypes.PullChanged, watching);
        PullDocument started = await StartAsync(_a, "scripted/slow");
        Assert.Equal("web-a", started.Node);
        PullDocument seen = await WaitAsync(_b, started.Id, pull => pull.Bytes > 0);
        Assert.Equal(("web-a", PullState.Running), (seen.Node, seen.State));
        Assert.Equal(started.Id, (await StartAsync(_b, "scripted/slow")).Id);
        await _b.RefusedAsync(HttpStatusCode.Conflict, HttpMethod.Delete, ApiRoutes.Pull(started.Id));

        await _b.SendAsync<PullDocument>(HttpMethod.Post, ApiRoutes.Pull(started.Id, "cancel"), null, HttpStatusCode.Accepted);

        PullDocument ended = await WaitAsync(_b, started.Id, pull => pull.Ended());
        Assert.Equal(PullState.Cancelled, ended.State);
        Assert.Equal(PullState.Cancelled, (await _a.ReadAsync<PullDocument>(ApiRoutes.Pull(started.Id))).State);
        Assert.True(watching.IsCancellationRequested, "The clients of the other node were not told.");
        using HttpResponseMessage deleted = await _b.Http.DeleteAsync(ApiRoutes.Pull(started.Id));
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        foreach (RunApi web in (RunApi[])[_b, _a])
        {
            await UntilAsync(async () => (await ListAsync(web)).All(pull => pull.Id != started.Id));
        }
    }

    [Fact]
    public async Task Run_OfAModelThatTheWorkerLacks_IsTakenWhenItHasIt()
    {
        using TemporaryFolder folder = new();
        await nodes.Cluster.StartAsync(
            "worker-3",
            "Worker",
            ("LoraLab__Labels__0", "fetches"),
            ("LoraLab__Devices__0", "cpu"),
            ("SCRIPTED_MODELS", Path.Combine(folder.Path, "models.txt")));

        RunDocument run = await _a.SubmitAsync("""{"notes": "steps=2 rows=2", "model": "scripted/fetched", "requires": ["fetches"]}""");
        RunDocument ended = await _b.WaitForEndAsync(run.Id);

        Assert.Equal((RunState.Completed, "worker-3"), (ended.State, Assert.Single(ended.Attempts).Node));
        PullDocument pull = Assert.Single(await ListAsync(_b), pull => pull.Name == "scripted/fetched");
        Assert.Equal((PullState.Completed, "worker-3"), (pull.State, pull.Node));
        Assert.True(pull.EndedAt <= ended.StartedAt, "The run was taken before its model was there.");
    }

    [Fact]
    public async Task Sample_OfAWorker_ReachesTheClientsOfAWebNode()
    {
        HashSet<string> seen = [];
        using CancellationTokenSource both = new();
        await using HubConnection hub = await WatchAsync(nodes.Web[0], LiveEventTypes.SystemSample, both, live =>
        {
            SystemSample sample = live.Data.Deserialize<SystemSample>(ContractJson.Options)!;
            Assert.True(sample.TotalMemoryMb > 0);
            lock (seen)
            {
                seen.Add(sample.Node!);
                return seen.IsSupersetOf(["web-a", "web-b", "worker-1", "worker-2"]);
            }
        });

        await UntilAsync(() => Task.FromResult(both.IsCancellationRequested));
    }

    // Cancels when an event came that is looked for.
    private static async Task<HubConnection> WatchAsync(
        ServerProcess web, string type, CancellationTokenSource seen, Func<LiveEvent, bool>? isLast = null)
    {
        HubConnection hub = new HubConnectionBuilder().WithUrl(new Uri(web.Address, LiveHub.Path))
            .AddJsonProtocol(options => ContractJson.Apply(options.PayloadSerializerOptions)).Build();
        hub.On<LiveEvent>(LiveHub.Event, live =>
        {
            if (live.Type == type && (isLast?.Invoke(live) ?? true))
            {
                seen.Cancel();
            }
        });
        await hub.StartAsync();
        await hub.InvokeAsync<long>(LiveHub.Subscribe, new[] { LiveHub.System }, null);
        return hub;
    }

    private static Task<PullDocument> StartAsync(RunApi web, string name) => web.SendAsync<PullDocument>(
        HttpMethod.Post, ApiRoutes.ModelsPull, $$"""{"name": "{{name}}"}""", HttpStatusCode.Accepted);

    private static async Task<IReadOnlyList<PullDocument>> ListAsync(RunApi web) =>
        (await web.ReadAsync<PullList>(ApiRoutes.Pulls)).Items;

    private static async Task<PullDocument> WaitAsync(RunApi web, string id, Predicate<PullDocument> reached)
    {
        PullDocument? pull = null;
        await UntilAsync(async () =>
            (pull = (await ListAsync(web)).FirstOrDefault(one => one.Id == id)) is not null && reached(pull));
        return pull!;
    }

    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        for (Stopwatch waited = Stopwatch.StartNew(); !await holds(); await Polling.PauseAsync(waited))
        {
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(40), "It did not happen in time.");
        }
    }
}
