using LoraLab.Contracts.Runs;
using LoraLab.Tests.Server.Faults;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Cluster;

/// <summary>Runs of the real trainer that another node continues: their results are those of an undisturbed run, bit for bit.</summary>
[Trait("Category", "Long")]
public sealed class ExactResultsTests : IAsyncLifetime
{
    private const double Lease = 12;

    /// <summary>A hundred steps, with a checkpoint every tenth.</summary>
    private const string Spec = """
        {"model":"sample","dataset":"sample","method":"lora","rank":4,"alpha":8,"learningRate":0.005,"dropout":0.1,
         "lossScope":"completion","precision":"fp32","trainSamples":400,"effectiveBatch":4,"evalEvery":10,"evalSamples":32}
        """;

    private readonly Dictionary<string, ServerProcess> _workers = [];
    private TestCluster _cluster = null!;
    private RunApi _api = null!;

    public async ValueTask InitializeAsync()
    {
        _cluster = await TestCluster.CreateAsync(Lease, trains: true);
        _api = new RunApi((await _cluster.StartAsync("web", "Web")).Http);
        foreach (string name in (string[])["worker-1", "worker-2"])
        {
            _workers[name] = await _cluster.StartAsync(name, "Worker");
        }
    }

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task Runs_OfWorkersThatWereKilledAndStopped_EndAsUndisturbedOnes()
    {
        MicroRun undisturbed = await ReadAsync((await _api.SubmitAsync(Spec)).Id, attempts: 1);

        RunDocument stopped = await TrainingAsync();
        ServerProcess node = _workers[stopped.Attempts[0].Node!];
        // With its trainer, which would end the run within the lease.
        int trainer = stopped.Attempts[0].ProcessId!.Value;
        Signals.Send("STOP", trainer);
        Signals.Send("STOP", node.ProcessId);
        await TestCluster.WaitAsync(_api, stopped.Id, next => next.Attempts.Count == 2);
        Signals.Send("CONT", node.ProcessId);
        Signals.Send("CONT", trainer);
        AssertSame(undisturbed, await ReadAsync(stopped.Id, attempts: 2));

        RunDocument killed = await TrainingAsync();
        await _workers[killed.Attempts[0].Node!].KillAsync();
        AssertSame(undisturbed, await ReadAsync(killed.Id, attempts: 2));
    }

    /// <summary>A run that has saved a checkpoint and trains.</summary>
    private async Task<RunDocument> TrainingAsync() => await _api.WaitAsync(
        (await _api.SubmitAsync(Spec)).Id, run => run.Attempts is [{ CheckpointStep: > 0 }] && run.Progress.Step > 10);

    private async Task<MicroRun> ReadAsync(string id, int attempts)
    {
        RunDocument ended = await TestCluster.EndAsync(_api, id);
        await TestCluster.AssertCompleteAsync(_api, ended);
        Assert.Equal(attempts, ended.Attempts.Count);
        Assert.True(attempts == 1 || ended.Attempts[1].ResumedFrom is > 0 and < 100, $"It went on from {ended.Attempts[^1].ResumedFrom}.");
        Assert.Equal(attempts, ended.Attempts.Select(attempt => attempt.Node).Distinct().Count());
        return await MicroRun.ReadAsync(_api, ended, _cluster.Folder);
    }

    private static void AssertSame(MicroRun undisturbed, MicroRun continued)
    {
        Assert.Equal(0, undisturbed.PointsLost(continued));
        Assert.Equal(undisturbed.Predictions, continued.Predictions);
        Assert.Equal(undisturbed.Adapter, continued.Adapter);
    }
}
