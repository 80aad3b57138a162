using System.Diagnostics;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Machine;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Server.Faults;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Cluster;

/// <summary>Nodes that die, stop or lose the database while they train: no run is lost, and none is trained by two nodes at once.</summary>
[Trait("Category", "Long")]
public sealed class NodeFaultTests : IAsyncLifetime
{
    private const double Lease = 12;

    private TestCluster _cluster = null!;
    private RunApi _api = null!;
    private ServerProcess _web = null!;
    private ServerProcess[] _workers = [];

    public async ValueTask InitializeAsync()
    {
        _cluster = await TestCluster.CreateAsync(Lease);
        // It leads, as the first one.
        ServerProcess leader = await _cluster.StartAsync("worker-1", "Worker");
        ServerProcess[] others = await Task.WhenAll(_cluster.StartAsync("web", "Web"), _cluster.StartAsync("worker-2", "Worker"));
        _web = others[0];
        _api = new RunApi(_web.Http);
        _workers = [leader, others[1]];
    }

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task Worker_IsKilled_AnotherContinuesFromTheCheckpoint()
    {
        RunDocument run = await _api.SubmitAsync("""{"notes": "steps=300 delay=40 rows=2 checkpoints=20"}""");
        RunDocument training = await _api.WaitAsync(run.Id, started => started.Progress.Step > 45);
        ServerProcess node = NodeOf(training);
        await node.KillAsync();

        RunDocument ended = await TestCluster.EndAsync(_api, run.Id);

        await AssertContinuedAsync(ended, by: node == _workers[0] ? "worker-2" : "worker-1");
    }

    [Fact]
    public async Task Leader_IsStoppedForLongerThanTheLease_ItsTrainerEndsInTime_AndItWritesNothingWhenItGoesOn()
    {
        await DrainAsync("worker-2", true);
        RunDocument run = await _api.SubmitAsync("""{"notes": "steps=400 delay=50 rows=2 checkpoints=20"}""");
        RunDocument training = await _api.WaitAsync(run.Id, started => started.Progress.Step > 45);
        ServerProcess node = NodeOf(training);
        Assert.Equal("worker-1", training.Attempts[^1].Node);
        await DrainAsync("worker-2", false);
        int trainer = training.Attempts[^1].ProcessId!.Value;
        Signals.Send("STOP", node.ProcessId);
        Stopwatch stopped = Stopwatch.StartNew();
        await ProcessWait.UntilAsync(() => !Signals.IsAlive(trainer), TimeSpan.FromSeconds(30));
        Assert.True(
            stopped.Elapsed.TotalSeconds < Lease, $"The trainer lived {stopped.Elapsed.TotalSeconds:0.0} s after its server stopped.");

        await TestCluster.WaitAsync(_api, run.Id, next => next.Attempts.Count == 2);
        Signals.Send("CONT", node.ProcessId);
        RunDocument ended = await TestCluster.EndAsync(_api, run.Id);

        await AssertContinuedAsync(ended, by: node == _workers[0] ? "worker-2" : "worker-1");
        // It takes runs again.
        for (int i = 0; i < 20; i++)
        {
            RunDocument next = await _api.WaitForEndAsync((await _api.SubmitAsync("""{"notes": "steps=2 rows=2"}""")).Id);
            Assert.Equal(RunState.Completed, next.State);
            if (next.Attempts[0].Node == training.Attempts[0].Node)
            {
                return;
            }
        }

        Assert.Fail("The node that was stopped took none of 20 runs.");
    }

    [Fact]
    public async Task Worker_IsRestartedAtOnce_ContinuesItsOwnRun()
    {
        RunDocument run = await _api.SubmitAsync("""{"notes": "steps=200 delay=40 rows=2 checkpoints=20"}""");
        RunDocument training = await _api.WaitAsync(run.Id, started => started.Progress.Step > 25);
        string name = training.Attempts[0].Node!;
        ServerProcess node = NodeOf(training);
        await node.KillAsync();
        await _cluster.StartAsync(name, "Worker");

        RunDocument next = await TestCluster.WaitAsync(_api, run.Id, again => again.Attempts.Count == 2);
        Assert.True(next.Attempts[1].StartedAt - next.Attempts[0].EndedAt < TimeSpan.FromSeconds(Lease / 2));
        RunDocument ended = await TestCluster.EndAsync(_api, run.Id);

        await AssertContinuedAsync(ended, by: null);
    }

    [Fact]
    public async Task Worker_IsKilled_ItsRunCannotBeTakenOverYet_OthersAre_AndItLater()
    {
        RunDocument[] runs = [await SubmitAsync(), await SubmitAsync()];
        RunDocument broken = await _api.WaitAsync(runs[0].Id, started => started.Progress.Step > 25);
        RunDocument other = await _api.WaitAsync(runs[1].Id, started => started.Progress.Step > 25);
        await NodeOf(broken).KillAsync();
        await NodeOf(other).KillAsync();
        // Only the web node is left, and it cannot read one of the two documents.
        string where = $"from runs where id = '{broken.Id}'";
        await PostgresServer.ExecuteAsync(_cluster.Connection, $"create table saved as select id, document {where}; update runs "
            + $"set document = jsonb_set(document, '{{document,attempts,0,startedAt}}', '\"never\"') where id = '{broken.Id}'");
        await TestCluster.WaitAsync(_api, other.Id, freed => freed.State == RunState.Queued);
        await ProcessWait.UntilAsync(
            () => _web.Output.Contains($"Cannot end the attempt of run {broken.Id}", StringComparison.Ordinal), TimeSpan.FromSeconds(30));
        await PostgresServer.ExecuteAsync(
            _cluster.Connection, "update runs set document = saved.document from saved where runs.id = saved.id");
        await TestCluster.WaitAsync(_api, broken.Id, freed => freed.State == RunState.Queued);
        await _cluster.StartAsync("worker-3", "Worker");

        foreach (RunDocument run in runs)
        {
            await AssertContinuedAsync(await TestCluster.EndAsync(_api, run.Id), by: "worker-3");
        }
    }

    private Task<RunDocument> SubmitAsync() => _api.SubmitAsync("""{"notes": "steps=200 delay=40 rows=2 checkpoints=20"}""");

    private async Task AssertContinuedAsync(RunDocument ended, string? by)
    {
        await TestCluster.AssertCompleteAsync(_api, ended);
        Assert.Equal(2, ended.Attempts.Count);
        Assert.True(ended.Attempts[1].StartedAt >= ended.Attempts[0].EndedAt, "Two attempts overlap.");
        Assert.True(ended.Attempts[1].ResumedFrom > 0, "The run began anew.");
        if (by is not null)
        {
            Assert.Equal(by, ended.Attempts[1].Node);
        }
    }

    private Task DrainAsync(string node, bool draining) => _api.SendAsync<NodeEntry>(
        HttpMethod.Patch, ApiRoutes.Node(node), JsonSerializer.Serialize(new NodePatch { Draining = draining }, ContractJson.Options));

    private ServerProcess NodeOf(RunDocument run) => run.Attempts[^1].Node == "worker-1" ? _workers[0] : _workers[1];
}
