using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Cluster;

/// <summary>A node that does not reach the database while it trains, and a database whose jobs are lost.</summary>
[Trait("Category", "Long")]
public sealed class DatabaseAwayTests : IAsyncLifetime
{
    private const double Lease = 16;

    private TestCluster _cluster = null!;
    private DatabaseCable _cable = null!;
    private RunApi _api = null!;

    public async ValueTask InitializeAsync()
    {
        _cluster = await TestCluster.CreateAsync(Lease);
        _cable = new DatabaseCable(_cluster.Connection);
        ServerProcess[] nodes = await Task.WhenAll(
            _cluster.StartAsync("web", "Web"),
            _cluster.StartAsync("worker", "Worker", (TestCluster.Postgres, _cable.Connection)));
        _api = new RunApi(nodes[0].Http);
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        _cable.Dispose();
    }

    [Fact]
    public async Task Database_AwayForLessThanTheLease_TrainingGoesOn()
    {
        RunDocument run = await _api.SubmitAsync("""{"notes": "steps=300 delay=50 rows=2 checkpoints=20"}""");
        RunDocument training = await _api.WaitAsync(run.Id, started => started.Progress.Step > 10);
        _cable.Cut();
        await Task.Delay(TimeSpan.FromSeconds(Lease / 4));
        _cable.Mend();

        RunDocument ended = await TestCluster.EndAsync(_api, run.Id);

        RunAttempt attempt = Assert.Single(ended.Attempts);
        Assert.Equal(training.Attempts[0].ProcessId, attempt.ProcessId);
        await TestCluster.AssertCompleteAsync(_api, ended);
    }

    [Fact]
    public async Task Database_AwayForLongerThanTheLease_TheRunIsInterruptedAndResumed()
    {
        RunDocument run = await _api.SubmitAsync("""{"notes": "steps=500 delay=50 rows=2 checkpoints=20"}""");
        await _api.WaitAsync(run.Id, started => started.Progress.Step > 30);
        _cable.Cut();
        // The leader takes it over, though no other node has a device for it.
        RunDocument waiting = await TestCluster.WaitAsync(_api, run.Id, seen => seen.State == RunState.Queued);
        Assert.True(waiting.Attempts[0].EndedAt - waiting.Attempts[0].StartedAt > TimeSpan.FromSeconds(Lease / 2));
        _cable.Mend();

        RunDocument ended = await TestCluster.EndAsync(_api, run.Id);

        Assert.Equal(2, ended.Attempts.Count);
        Assert.True(ended.Attempts[1].ResumedFrom > 0);
        await TestCluster.AssertCompleteAsync(_api, ended);
    }

    [Fact]
    public async Task Jobs_LostInTheMiddleOfAQueue_EverythingCompletes()
    {
        List<string> ids = [];
        for (int i = 0; i < 6; i++)
        {
            ids.Add((await _api.SubmitAsync("""{"notes": "steps=10 delay=20 rows=2"}""")).Id);
            string place = new Npgsql.NpgsqlConnectionStringBuilder(_cluster.Connection).SearchPath!;
            await PostgresServer.ExecuteAsync(
                _cluster.Connection, $"truncate {place}_jobs.jobqueue; truncate {place}_jobs.job, {place}_jobs.state cascade");
        }

        foreach (string id in ids)
        {
            Assert.Equal(RunState.Completed, (await TestCluster.EndAsync(_api, id)).State);
        }
    }
}
