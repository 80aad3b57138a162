using System.Diagnostics;
using System.Net;
using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server;

/// <summary>Recovery by a new server of what an old one left behind.</summary>
public sealed class RestartTests
{
    [Fact]
    public async Task Server_KilledInMidRun_TheNextOneKeepsEverythingAndGoesOnWithTheQueue()
    {
        using TemporaryFolder data = new();
        ServerSetup setup = LeaveInterrupted(data.Path);
        RunDocument running;
        RunDocument stubborn;
        string waiting;
        long seq;
        await using (ServerProcess first = await ServerProcess.StartAsync(setup))
        {
            RunApi api = new(first.Http);
            stubborn = await api.SubmitAsync("""{"notes":"steps=100000 delay=20 stubborn"}""");
            waiting = (await api.SubmitAsync("""{"notes":"steps=2"}""")).Id;
            running = await api.WaitAsync(stubborn.Id, run => run.Progress.Step > 5);
            seq = await SeqAsync(first);
            await first.KillAsync();
        }

        await using ServerProcess second = await ServerProcess.StartAsync(setup);
        RunApi again = new(second.Http);
        RunDocument left = await again.GetAsync(stubborn.Id);

        Assert.Equal((RunState.Interrupted, null), (left.State, left.EndReason));
        Assert.Throws<ArgumentException>(() => Process.GetProcessById(running.Attempts[0].ProcessId!.Value));
        MetricSeries loss = (await again.MetricsAsync(left.Id)).Series[MetricKeys.TrainLoss];
        Assert.True(loss.X.Count > 5);
        Assert.Equal(Enumerable.Range(1, loss.X.Count), loss.X);
        Assert.Equal(
            left.Attempts[0].LastEvent,
            File.ReadLines(Path.Combine(data.Path, "runs", left.Id, "attempts", "0001", "events.jsonl")).Count(line => line.EndsWith('}')));
        Assert.True(await SeqAsync(second) > seq, "The event numbers started over.");
        Assert.Equal(RunState.Completed, (await again.WaitForEndAsync(waiting)).State);
    }

    [Fact]
    [Trait("Category", "Long")]
    public async Task Server_KilledInMidRun_TheNextOneResumesBeforeWhatWaited()
    {
        using TemporaryFolder data = new();
        ServerSetup setup = ScriptedServer.Setup with { DataDirectory = data.Path };
        string id;
        string waiting;
        await using (ServerProcess first = await ServerProcess.StartAsync(setup))
        {
            RunApi api = new(first.Http);
            id = (await api.SubmitAsync("""{"notes":"steps=12 delay@1=200 checkpoints=3 marked"}""")).Id;
            waiting = (await api.SubmitAsync("""{"notes":"steps=2"}""")).Id;
            await api.WaitAsync(id, run => run.Progress.Step >= 5);
            await first.KillAsync();
        }

        await using ServerProcess second = await ServerProcess.StartAsync(setup);
        RunApi again = new(second.Http);
        RunDocument ended = await again.WaitForEndAsync(id);
        RunDocument next = await again.WaitForEndAsync(waiting);

        Assert.Equal((RunState.Completed, 2, 12), (ended.State, ended.Attempts.Count, ended.Progress.Step));
        Assert.True(next.StartedAt >= ended.EndedAt, "The queued run went first.");
        int from = ended.Attempts[1].ResumedFrom!.Value;
        Assert.Equal((ended.Attempts[0].CheckpointStep, true), (from, from > 0 && from % 3 == 0));
        MetricSeries loss = (await again.MetricsAsync(id)).Series[MetricKeys.TrainLoss];
        Assert.Equal(Enumerable.Range(1, 12), loss.X);
        Assert.Equal(Enumerable.Range(1, 12).Select(step => (double?)((2.0 / step) + (step > from ? 10 : 0))), loss.Y);

        // The first attempt's points beyond its checkpoint are kept, and returned on request.
        MetricSeries before = (await again.ReadAsync<RunMetrics>(ApiRoutes.Run(id, "metrics?attempt=1"))).Series[MetricKeys.TrainLoss];
        Assert.Equal(Enumerable.Range(1, before.X.Count), before.X);
        Assert.True(before.X.Count >= 5 && before.Y.All(value => value < 10));
    }

    [Fact]
    [Trait("Category", "Exhaustive")]
    public async Task Server_KilledTwiceBeforeACheckpoint_TheRunFailsWithWhatToDoAndCanBeResumed()
    {
        using TemporaryFolder data = new();
        ServerSetup setup = ScriptedServer.Setup with { DataDirectory = data.Path };
        string id = "";
        for (int attempt = 1; attempt <= 2; attempt++)
        {
            await using ServerProcess server = await ServerProcess.StartAsync(setup);
            RunApi api = new(server.Http);
            id = attempt > 1 ? id : (await api.SubmitAsync("""{"notes":"steps=3 delay@1=60000 delay@2=60000"}""")).Id;
            RunDocument running = await api.WaitAsync(id, run => run.State == RunState.Running);
            Assert.Equal(attempt, running.Attempts.Count);
            await server.KillAsync();
        }

        await using ServerProcess last = await ServerProcess.StartAsync(setup);
        RunApi again = new(last.Http);
        RunDocument failed = await again.GetAsync(id);
        Assert.Equal((RunState.Failed, EndReason.WorkerLost), (failed.State, failed.EndReason));
        Assert.Contains("two attempts in a row", failed.Error, StringComparison.Ordinal);
        Assert.Contains("resume", failed.Error, StringComparison.Ordinal);
        Assert.NotEmpty(failed.LogTail);

        RunDocument resumed = await again.SendAsync<RunDocument>(
            HttpMethod.Post, ApiRoutes.Run(id, "resume"), expected: HttpStatusCode.Accepted);
        Assert.Equal((RunState.Queued, null, null), (resumed.State, resumed.EndReason, resumed.Error));
        RunDocument ended = await again.WaitForEndAsync(id);
        Assert.Equal((RunState.Completed, 3), (ended.State, ended.Attempts.Count));
    }

    [Fact]
    public async Task Server_StoppedInMidRun_MarksItInterruptedAndExitsCleanly()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("SIGTERM is for Unix.");
        }

        using TemporaryFolder data = new();
        ServerSetup setup = LeaveInterrupted(data.Path);
        string id;
        await using (ServerProcess first = await ServerProcess.StartAsync(setup))
        {
            RunApi api = new(first.Http);
            id = (await api.SubmitAsync("""{"notes":"steps=100000 delay=20"}""")).Id;
            await api.WaitAsync(id, run => run.State == RunState.Running);
            Assert.Equal(0, await first.StopAsync());
            Assert.DoesNotContain("   at ", first.Output, StringComparison.Ordinal);
        }

        await using ServerProcess second = await ServerProcess.StartAsync(setup);
        Assert.Equal(RunState.Interrupted, (await new RunApi(second.Http).GetAsync(id)).State);
    }

    private static ServerSetup LeaveInterrupted(string data) => ScriptedServer.Setup with
    {
        DataDirectory = data,
        Environment = new Dictionary<string, string>(ScriptedServer.Setup.Environment) { ["LoraLab__ResumeInterrupted"] = "false" },
    };

    private static async Task<long> SeqAsync(ServerProcess server)
    {
        using HttpResponseMessage response = await server.Http.GetAsync(ApiRoutes.Queue);
        return long.Parse(response.Headers.GetValues("X-LoraLab-Seq").Single(), System.Globalization.CultureInfo.InvariantCulture);
    }
}
