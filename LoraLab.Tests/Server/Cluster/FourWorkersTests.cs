using System.Diagnostics;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Cluster;

/// <summary>One web node and four workers, and 60 short runs.</summary>
[Trait("Category", "Long")]
public sealed class FourWorkersTests : IAsyncLifetime
{
    private const int Runs = 60;
    private const int Workers = 4;

    private TestCluster _cluster = null!;
    private RunApi _api = null!;

    public async ValueTask InitializeAsync()
    {
        _cluster = await TestCluster.CreateAsync();
        _api = new RunApi((await _cluster.StartAsync("web", "Web")).Http);
        await _cluster.StartAsync("worker-1", "Worker");
    }

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task Runs_AreExecutedOnceEach_ByPriority_FasterThanByOneWorker()
    {
        double alone = await ExecuteAsync(Runs / Workers);
        await Task.WhenAll(Enumerable.Range(2, Workers - 1).Select(i => _cluster.StartAsync($"worker-{i}", "Worker")));
        double together = await ExecuteAsync(Runs);

        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{Runs / Workers / alone:0.00} runs per second by one worker, {Runs / together:0.00} by four: "
                + $"{Runs / together / (Runs / Workers / alone):0.00} times as many.");
    }

    /// <summary>Executes paused runs of random priorities; the seconds that they took.</summary>
    private async Task<double> ExecuteAsync(int count)
    {
        await PauseAsync(true);
        List<RunDocument> runs = [];
        for (int i = 0; i < count; i++)
        {
            // Half of the time of a run passes asleep: the workers share two cores.
            runs.Add(await _api.SubmitAsync($$"""{"notes": "steps=10 delay=100 rows=2", "priority": {{i * 7 % 5}}}"""));
        }

        Stopwatch stopwatch = Stopwatch.StartNew();
        await PauseAsync(false);
        foreach (RunDocument run in runs)
        {
            await _api.WaitForEndAsync(run.Id, TimeSpan.FromMinutes(5));
        }

        double seconds = stopwatch.Elapsed.TotalSeconds;
        RunDocument[] ended = await Task.WhenAll(runs.Select(run => _api.GetAsync(run.Id)));
        Assert.All(ended, run => Assert.Equal(RunState.Completed, run.State));
        Assert.All(ended, run => Assert.Single(run.Attempts));
        // By priority, then by submission; of runs that are claimed at the same time, either may come first.
        List<string> claimed = [.. ended.OrderBy(run => run.StartedAt).Select(run => run.Id)];
        List<string> queued =
        [
            .. ended.OrderByDescending(run => run.Priority).ThenBy(run => run.Id, StringComparer.Ordinal).Select(run => run.Id),
        ];
        Assert.All(claimed, id => Assert.InRange(Math.Abs(claimed.IndexOf(id) - queued.IndexOf(id)), 0, Workers - 1));
        return seconds;
    }

    private Task PauseAsync(bool paused) => _api.SendAsync<QueueDocument>(
        HttpMethod.Patch, ApiRoutes.Queue, JsonSerializer.Serialize(new QueuePatch(paused), ContractJson.Options));
}
