using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Cluster;

/// <summary>A PostgreSQL that is restarted, or crashes, while runs train.</summary>
[Trait("Category", "Long")]
public sealed class DatabaseRestartTests : IAsyncLifetime
{
    private PostgresServer _postgres = null!;
    private TestCluster _cluster = null!;
    private RunApi _api = null!;
    private ServerProcess _web = null!;

    public async ValueTask InitializeAsync()
    {
        // What is committed without waiting for the disk stays in memory until something else is written, so that a crash loses it.
        _postgres = await PostgresServer.StartAsync(more: "-c wal_writer_delay=10s");
        _cluster = new TestCluster(_postgres.NewPlace(), 16);
        ServerProcess[] nodes = await Task.WhenAll(
            _cluster.StartAsync("web", "Web"),
            _cluster.StartAsync("worker-1", "Worker"),
            _cluster.StartAsync("worker-2", "Worker"));
        _web = nodes[0];
        _api = new RunApi(_web.Http);
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        await _postgres.DisposeAsync();
    }

    [Theory]
    [InlineData("fast")]
    [InlineData("immediate")]
    public async Task Database_IsRestartedThreeTimes_EveryRunCompletes_EachStepOnce(string mode)
    {
        List<RunDocument> runs = [];
        for (int i = 0; i < 4; i++)
        {
            runs.Add(await _api.SubmitAsync("""{"notes": "steps=400 delay=15 rows=2 checkpoints=50"}"""));
        }

        await _api.WaitAsync(runs[0].Id, started => started.Progress.Step > 10);
        using RunEvents client = new(runs[0].Id);
        Task<bool> following = client.ReadAsync(_web.Address);
        for (int i = 0; i < 3; i++)
        {
            await Task.Delay(TimeSpan.FromSeconds(1.7));
            await _postgres.RestartAsync(mode);
        }

        foreach (RunDocument run in runs)
        {
            RunDocument ended = await EndAsync(run.Id);
            // The start of a process that could not be stored is repeated.
            Assert.InRange(ended.Attempts.Count, 1, 2);
            await TestCluster.AssertCompleteAsync(_api, ended);
        }

        // The stream survives, or the client goes on with the number of its last event.
        for (bool whole = await following; !whole;)
        {
            whole = await client.ReadAsync(_web.Address);
        }

        await client.ReadAsync(_web.Address);
        // A stream that ended starts again with the whole, if its last number was lost in a crash.
        Assert.Equal(client.Seqs.Order(), client.Seqs);
        IEnumerable<int> steps = client.All.Where(one => one.Live.Type == LiveEventTypes.RunMetrics)
            .Select(one => one.Live.Data.Deserialize<RunMetrics>(ContractJson.Options)!)
            .SelectMany(metrics => metrics.Series.GetValueOrDefault(MetricKeys.TrainLoss)?.X ?? []);
        Assert.Equal(Enumerable.Range(1, 400), steps.Distinct().Order());
    }

    /// <summary>The database may be away just now.</summary>
    private async Task<RunDocument> EndAsync(string id)
    {
        for (int left = 20; ; left--)
        {
            try
            {
                return await TestCluster.EndAsync(_api, id);
            }
            catch (HttpRequestException) when (left > 0)
            {
                await Task.Delay(500);
            }
        }
    }
}
