using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Machine;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Cluster;

/// <summary>Nodes that die, stop or lose the database while they train: no run is lost, and none is trained by two nodes at once.</summary>
[Trait("Category", "Long")]
public sealed class NodeFaultTests : IAsyncLifetime
{
    private const double Lease = 12;
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(90);

    private TestCluster _cluster = null!;
    private RunApi _api = null!;
    private ServerProcess[] _workers = [];

    public async ValueTask InitializeAsync()
    {
        _cluster = await TestCluster.CreateAsync(Lease);
        // It leads, as the first one.
        ServerProcess leader = await _cluster.StartAsync("worker-1", "Worker");
        ServerProcess[] others = await Task.WhenAll(_cluster.StartAsync("web", "Web"), _cluster.StartAsync("worker-2", "Worker"));
        _api = new RunApi(others[0].Http);
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

        RunDocument ended = await EndAsync(run.Id);

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
        await SignalAsync(node.ProcessId, "STOP");
        Stopwatch stopped = Stopwatch.StartNew();
        await ProcessWait.UntilAsync(() => !IsAlive(trainer), TimeSpan.FromSeconds(30));
        Assert.True(
            stopped.Elapsed.TotalSeconds < Lease, $"The trainer lived {stopped.Elapsed.TotalSeconds:0.0} s after its server stopped.");

        await WaitAsync(run.Id, next => next.Attempts.Count == 2);
        await SignalAsync(node.ProcessId, "CONT");
        RunDocument ended = await EndAsync(run.Id);

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

        RunDocument next = await WaitAsync(run.Id, again => again.Attempts.Count == 2);
        Assert.True(next.Attempts[1].StartedAt - next.Attempts[0].EndedAt < TimeSpan.FromSeconds(Lease / 2));
        RunDocument ended = await EndAsync(run.Id);

        await AssertContinuedAsync(ended, by: null);
    }

    private async Task AssertContinuedAsync(RunDocument ended, string? by)
    {
        Assert.Equal(RunState.Completed, ended.State);
        Assert.Equal(2, ended.Attempts.Count);
        Assert.True(ended.Attempts[1].StartedAt >= ended.Attempts[0].EndedAt, "Two attempts overlap.");
        Assert.True(ended.Attempts[1].ResumedFrom > 0, "The run began anew.");
        if (by is not null)
        {
            Assert.Equal(by, ended.Attempts[1].Node);
        }

        RunMetrics metrics = await _api.MetricsAsync(ended.Id);
        Assert.Equal(Enumerable.Range(1, ended.Progress.TotalSteps), metrics.Series[MetricKeys.TrainLoss].X);
    }

    /// <summary>An interrupted run is resumed, so it has not ended.</summary>
    private Task<RunDocument> EndAsync(string id) =>
        WaitAsync(id, run => run.State.IsTerminal() && run.State != RunState.Interrupted);

    private async Task<RunDocument> WaitAsync(string id, Predicate<RunDocument> condition)
    {
        for (Stopwatch waited = Stopwatch.StartNew(); ; await Polling.PauseAsync(waited))
        {
            RunDocument run = await _api.GetAsync(id);
            if (condition(run))
            {
                return run;
            }

            Assert.True(waited.Elapsed < _patience, $"Run {id} is {run.State} ({run.Error}) at step {run.Progress.Step}.");
        }
    }

    private Task DrainAsync(string node, bool draining) => _api.SendAsync<NodeEntry>(
        HttpMethod.Patch, ApiRoutes.Node(node), JsonSerializer.Serialize(new NodePatch { Draining = draining }, ContractJson.Options));

    private ServerProcess NodeOf(RunDocument run) => run.Attempts[^1].Node == "worker-1" ? _workers[0] : _workers[1];

    /// <summary>Whether a process runs; a dead one stays in the list as long as its stopped parent does not ask how it ended.</summary>
    private static bool IsAlive(int process)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{process}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..][0] is not ('Z' or 'X');
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static async Task SignalAsync(int process, string signal)
    {
        using Process kill = Process.Start("kill", [$"-{signal}", process.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }
}
