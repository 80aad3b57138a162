using System.Diagnostics;
using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server;

/// <summary>What a new server makes of what an old one left.</summary>
public sealed class RestartTests
{
    [Fact]
    public async Task Server_KilledInMidRun_TheNextOneKeepsEverythingAndGoesOnWithTheQueue()
    {
        using TemporaryFolder data = new();
        ServerSetup setup = ScriptedServer.Setup with { DataDirectory = data.Path };
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
        Assert.Equal(left.Attempts[0].LastEvent, File.ReadLines(Path.Combine(data.Path, "runs", left.Id, "attempts", "0001", "events.jsonl")).Count(line => line.EndsWith('}')));
        Assert.True(await SeqAsync(second) > seq, "The counter began again.");
        Assert.Equal(RunState.Completed, (await again.WaitForEndAsync(waiting)).State);
    }

    [Fact]
    public async Task Server_StoppedInMidRun_MarksItInterruptedAndExitsCleanly()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("SIGTERM is for Unix.");
        }

        using TemporaryFolder data = new();
        ServerSetup setup = ScriptedServer.Setup with { DataDirectory = data.Path };
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

    private static async Task<long> SeqAsync(ServerProcess server)
    {
        using HttpResponseMessage response = await server.Http.GetAsync(ApiRoutes.Queue);
        return long.Parse(response.Headers.GetValues("X-LoraLab-Seq").Single(), System.Globalization.CultureInfo.InvariantCulture);
    }
}
