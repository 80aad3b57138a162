using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Machine;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace LoraLab.Tests.Server.Cluster;

/// <summary>Two web nodes and two workers that share a database and a folder.</summary>
public sealed class ClusterTests(ClusterTests.Nodes nodes) : IClassFixture<ClusterTests.Nodes>
{
    private readonly RunApi _a = new(nodes.Web[0].Http);
    private readonly RunApi _b = new(nodes.Web[1].Http);

    [Fact]
    public async Task Nodes_TakeRunsFromOneQueue_AndEveryWebNodeShowsThem()
    {
        await PauseAsync(true);
        List<RunDocument> runs = [];
        for (int i = 0; i < 8; i++)
        {
            string priority = i == 7 ? ", \"priority\": 5" : "";
            RunApi web = i % 2 == 0 ? _a : _b;
            runs.Add(await web.SubmitAsync($"{{\"notes\": \"steps=4 rows=2\"{priority}}}"));
        }

        RunDocument labeled = await _a.SubmitAsync("""{"notes": "steps=4 rows=2", "requires": ["8gb"]}""");
        Assert.Equal(RunState.Queued, (await _b.GetAsync(labeled.Id)).State);
        await PauseAsync(false);
        foreach (RunDocument run in runs.Append(labeled))
        {
            RunDocument ended = await _b.WaitForEndAsync(run.Id);
            Assert.Equal(RunState.Completed, ended.State);
            RunAttempt attempt = Assert.Single(ended.Attempts);
            Assert.Contains(attempt.Node, (string[])["worker-1", "worker-2"]);
        }

        Assert.Equal("worker-1", (await _a.GetAsync(labeled.Id)).Attempts[0].Node);
        RunDocument[] all = await Task.WhenAll(runs.Select(run => _a.GetAsync(run.Id)));
        Assert.Equal(2, all.Select(run => run.Attempts[0].Node).Distinct().Count());
        DateTimeOffset urgent = all[7].StartedAt!.Value;
        Assert.True(all.Count(run => run.StartedAt < urgent) <= 1, "The run of the highest priority was not among the first two.");

        IReadOnlyList<NodeEntry> listed = await TestCluster.NodesAsync(_b);
        Assert.Equal(["web-a", "web-b", "worker-1", "worker-2"], listed.Select(node => node.Name));
        Assert.Equal(["Web", "Web", "Worker", "Worker"], listed.Select(node => node.Role));
        Assert.All(listed, node => Assert.Empty(node.Runs));
    }

    [Fact]
    public async Task Cancel_OnAWebNode_StopsTheRunOnAWorker()
    {
        RunDocument run = await _a.SubmitAsync("""{"notes": "steps=4000 delay=20 rows=2"}""");
        await _b.WaitAsync(run.Id, started => started.Progress.Step > 1);
        DateTimeOffset asked = TimeProvider.System.GetUtcNow();
        await _b.SendAsync<RunDocument>(HttpMethod.Post, ApiRoutes.Run(run.Id, "cancel"), null, HttpStatusCode.Accepted);

        RunDocument ended = await _a.WaitForEndAsync(run.Id);

        Assert.Equal(RunState.Cancelled, ended.State);
        Assert.True(ended.EndedAt - asked < TimeSpan.FromSeconds(5), $"It took {ended.EndedAt - asked}.");
    }

    [Fact]
    public async Task Kill_OnAWebNode_EndsTheRunOnAWorker()
    {
        RunDocument run = await _a.SubmitAsync("""{"notes": "steps=4000 delay=20 rows=2"}""");
        await _b.WaitAsync(run.Id, started => started.Progress.Step > 1);
        DateTimeOffset asked = TimeProvider.System.GetUtcNow();
        await _a.SendAsync<RunDocument>(HttpMethod.Post, ApiRoutes.Run(run.Id, "kill"), null, HttpStatusCode.Accepted);

        RunDocument ended = await _b.WaitForEndAsync(run.Id);

        Assert.Equal(RunState.Cancelled, ended.State);
        Assert.True(ended.EndedAt - asked < TimeSpan.FromSeconds(5), $"It took {ended.EndedAt - asked}.");
    }

    [Fact]
    public async Task Submit_OnOneWebNode_IsFoundAtOnceOnTheOther()
    {
        await PauseAsync(true);
        for (int i = 0; i < 10; i++)
        {
            RunDocument run = await (i % 2 == 0 ? _a : _b).SubmitAsync("""{"notes": "steps=2 rows=2", "tags": ["found"]}""");
            RunApi other = i % 2 == 0 ? _b : _a;
            Assert.Equal(run.Id, (await other.GetAsync(run.Id)).Id);
            Assert.Equal(run.Id, (await other.ReadAsync<RunList>("api/v1/runs?limit=1&tag=found")).Items[0].Id);
        }

        await PauseAsync(false);
    }

    [Fact]
    public async Task Events_OfARunOnAWorker_ComeToAWebNodeWithinASecond()
    {
        RunDocument run = await _b.SubmitAsync("""{"notes": "steps=40 delay=50 rows=2", "evalEvery": 10}""");
        using RunEvents client = new(run.Id);

        Assert.True(await client.ReadAsync(nodes.Web[0].Address));

        double[] delays =
        [
            .. client.All.Where(one => one.Live.Type == LiveEventTypes.RunMetrics
                    && one.Live.Data.GetProperty("series").EnumerateObject().Any(series => MetricDescriptor.IsEvaluationKey(series.Name)))
                .Select(one => (one.Arrived - one.Live.At).TotalSeconds),
        ];
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{delays.Length} evaluations came after {string.Join(", ", delays.Select(delay => $"{delay * 1000:0} ms"))}.");
        Assert.NotEmpty(delays);
        Assert.True(delays.Order().First() < 1, "None came within a second.");
        Assert.Equal(client.Seqs.Order().Distinct(), client.Seqs);
        Assert.Equal("completed", client.All[^1].Live.Data.GetProperty("state").GetString());
    }

    [Fact]
    public async Task PauseAndReorder_OnOneWebNode_ReachTheOthersWithinASecond()
    {
        await using HubConnection hub = new HubConnectionBuilder().WithUrl(new Uri(nodes.Web[1].Address, LiveHub.Path))
            .AddJsonProtocol(options => ContractJson.Apply(options.PayloadSerializerOptions)).Build();
        ConcurrentQueue<(LiveEvent Live, DateTimeOffset Arrived)> events = new();
        hub.On<LiveEvent>(LiveHub.Event, live => events.Enqueue((live, TimeProvider.System.GetUtcNow())));
        await hub.StartAsync();
        await hub.InvokeAsync<long>(LiveHub.Subscribe, new[] { LiveHub.Queue }, null);

        async Task<TimeSpan> UntilAsync(Func<QueueDocument, bool> shows)
        {
            DateTimeOffset asked = TimeProvider.System.GetUtcNow();
            DateTimeOffset? arrived = null;
            await ProcessWait.UntilAsync(
                () => (arrived = events.Where(one => shows(one.Live.Data.Deserialize<QueueDocument>(ContractJson.Options)!))
                    .Select(one => (DateTimeOffset?)one.Arrived).FirstOrDefault()) is not null,
                TimeSpan.FromSeconds(20));
            events.Clear();
            return arrived!.Value - asked;
        }

        await PauseAsync(true);
        TimeSpan paused = await UntilAsync(queue => queue.Paused);
        Assert.True((await _b.ReadAsync<QueueDocument>(ApiRoutes.Queue)).Paused);
        string[] ids = [.. (await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => _a.SubmitAsync(
            """{"notes": "steps=2 rows=2", "requires": ["8gb"], "priority": -5}""")))).Select(run => run.Id)];
        string[] order = await OrderAsync(ids);
        await _a.SendAsync<QueueDocument>(
            HttpMethod.Post,
            ApiRoutes.QueueReorder,
            JsonSerializer.Serialize(new QueueMove(order[2], Before: order[0]), ContractJson.Options));
        string[] moved = [order[2], order[0], order[1]];
        TimeSpan reordered = await UntilAsync(queue => queue.Queued.Select(run => run.Id).Intersect(ids).SequenceEqual(moved));
        Assert.Equal(moved, await OrderAsync(ids));
        await PauseAsync(false);
        TimeSpan continued = await UntilAsync(queue => !queue.Paused);
        TestContext.Current.TestOutputHelper?.WriteLine($"pause {paused.TotalMilliseconds:0} ms, reorder "
            + $"{reordered.TotalMilliseconds:0} ms, continue {continued.TotalMilliseconds:0} ms after the response.");

        List<RunDocument> ended = [];
        foreach (string id in moved)
        {
            ended.Add(await _b.WaitForEndAsync(id));
        }

        Assert.Equal(moved, ended.OrderBy(run => run.StartedAt).Select(run => run.Id));
    }

    [Fact]
    public async Task Submit_WithOneKeyOnTwoWebNodesAtOnce_CreatesOneRun()
    {
        await PauseAsync(true);
        for (int i = 0; i < 5; i++)
        {
            string key = $"key-{i}";
            string[] ids = await Task.WhenAll(nodes.Web.SelectMany(web => Enumerable.Repeat(web, 2)).Select(web => SubmitAsync(web, key)));
            Assert.Single(ids.Distinct());
        }

        using HttpResponseMessage response = await _a.Http.GetAsync("api/v1/runs?limit=100&tag=once");
        using JsonDocument list = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal(5, list.RootElement.GetProperty("items").GetArrayLength());
        await PauseAsync(false);
    }

    [Fact]
    public async Task Drain_Worker_TakesNoMoreRuns()
    {
        NodeEntry drained = await _a.SendAsync<NodeEntry>(HttpMethod.Patch, "api/v1/system/nodes/worker-2", """{"draining": true}""");
        Assert.True(drained.Draining);
        for (int i = 0; i < 4; i++)
        {
            RunDocument run = await _a.SubmitAsync("""{"notes": "steps=2 rows=2"}""");
            Assert.Equal("worker-1", (await _b.WaitForEndAsync(run.Id)).Attempts[0].Node);
        }

        await _a.SendAsync<NodeEntry>(HttpMethod.Patch, "api/v1/system/nodes/worker-2", """{"draining": false}""");
        await _a.RefusedAsync(
            HttpStatusCode.NotFound, HttpMethod.Patch, "api/v1/system/nodes/nobody", RunApi.Json("""{"draining": true}"""));
    }

    [Fact]
    public async Task Start_WithANameThatIsTakenOrAnotherFolder_IsRefusedInASentence()
    {
        (int code, string output) = await ServerProcess.RunToEndAsync(nodes.Cluster.SetupOf("worker-1", "Worker"));
        Assert.Equal(1, code);
        Assert.Contains("Another LoraLab node named worker-1 uses this PostgreSQL database", output, StringComparison.Ordinal);

        using TemporaryFolder other = new();
        (code, output) = await ServerProcess.RunToEndAsync(nodes.Cluster.SetupOf("worker-3", "Worker") with { DataDirectory = other.Path });
        Assert.Equal(1, code);
        Assert.Contains("is not the one that the other nodes of this PostgreSQL database use", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_WithALabelThatNoNodeHas_IsRefused()
    {
        System.Text.Json.Nodes.JsonObject problem = await _a.RefusedAsync(
            HttpStatusCode.BadRequest, HttpMethod.Post, ApiRoutes.Runs, RunApi.Json("""{"requires": ["80gb"]}"""));

        Assert.Contains(
            "no node that runs on auto has all of these labels (there are 8gb)", problem.ToJsonString(), StringComparison.Ordinal);
    }

    private static async Task<string> SubmitAsync(ServerProcess web, string key)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, ApiRoutes.Runs)
        {
            Content = RunApi.Json("""{"notes": "steps=2 rows=2", "tags": ["once"]}"""),
        };
        request.Headers.Add("Idempotency-Key", key);
        using HttpResponseMessage response = await web.Http.SendAsync(request);
        string body = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, body);
        return JsonDocument.Parse(body).RootElement.GetProperty("id").GetString()!;
    }

    /// <summary>The order of these runs in the queue, as the other web node shows it.</summary>
    private async Task<string[]> OrderAsync(string[] ids) =>
        [.. (await _b.ReadAsync<QueueDocument>(ApiRoutes.Queue)).Queued.Select(run => run.Id).Intersect(ids)];

    private Task PauseAsync(bool paused) => _a.SendAsync<QueueDocument>(
        HttpMethod.Patch, ApiRoutes.Queue, JsonSerializer.Serialize(new QueuePatch(paused), ContractJson.Options));

    /// <summary>The nodes, started once for all tests.</summary>
    public sealed class Nodes : IAsyncLifetime
    {
        internal TestCluster Cluster { get; private set; } = null!;

        internal IReadOnlyList<ServerProcess> Web { get; private set; } = [];

        public async ValueTask InitializeAsync()
        {
            Cluster = await TestCluster.CreateAsync();
            ServerProcess[] nodes = await Task.WhenAll(
                Cluster.StartAsync("web-a", "Web"),
                Cluster.StartAsync("web-b", "Web"),
                Cluster.StartAsync("worker-1", "Worker", ("LoraLab__Labels__0", "8gb"), ("LoraLab__Devices__0", "cpu")),
                Cluster.StartAsync("worker-2", "Worker", ("LoraLab__Devices__0", "cpu")));
            Web = nodes[..2];
        }

        public ValueTask DisposeAsync() => Cluster.DisposeAsync();
    }
}
