using System.Net;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Faults;

/// <summary>Workers that misbehave in every way a process can, each followed by a run that must not be affected.</summary>
[Collection(nameof(Alone))]
public sealed class BadWorkerTests(ImpatientServer fixture) : IClassFixture<ImpatientServer>
{
    private static readonly int[] _someSignals = [1, 6, 9, 11, 15];
    private static readonly int[] _allSignals = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15, 16, 24, 25, 26, 27, 29, 30, 31, 34, 64];
    private readonly ServerProcess _server = fixture.Server;

    private RunApi Api => new(_server.Http);

    [Fact]
    public async Task Worker_EndedByASignal_RunFailsWithItsNameAndTheNextRunIsFine()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Signals are for Unix.");
        }

        foreach (int signal in FaultCount.IsFull ? _allSignals : _someSignals)
        {
            RunDocument run = await RunAsync($"steps=4 checkpoints=1 signal={signal}");

            Assert.True((run.State, run.EndReason) == (RunState.Failed, EndReason.WorkerLost), $"signal {signal}: {run.State} {run.Error}");
            Assert.Matches($"SIG[A-Z]+|signal {signal}", run.Error);
            Assert.Contains("resume", run.Error, StringComparison.Ordinal);
            Assert.NotEmpty(run.LogTail);
            Assert.Equal([1], (await Api.MetricsAsync(run.Id)).Series[MetricKeys.TrainLoss].X);
        }

        Assert.Equal(RunState.Completed, (await RunAsync("steps=1")).State);
    }

    [Fact]
    public async Task Worker_RubbishAmongItsEvents_EveryEventCountsOnce()
    {
        RunDocument run = await RunAsync("steps=5 rubbish halves garbage");

        Assert.True(run.State == RunState.Completed, run.Error);
        Assert.Equal([1, 2, 3, 4, 5], (await Api.MetricsAsync(run.Id)).Series[MetricKeys.TrainLoss].X);
        string log = await _server.Http.GetStringAsync(ApiRoutes.Run(run.Id, "logs?tail=1000"));
        Assert.Contains("a line of more than 8 MiB", log, StringComparison.Ordinal);
        Assert.Contains("tired", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Worker_DiesWithinALine_WhatItToldBeforeIsKeptAndAResumedRunIsWhole()
    {
        RunDocument run = await RunAsync("steps=6 checkpoints=1 torn@1 at=4");

        Assert.Equal((RunState.Failed, EndReason.WorkerLost), (run.State, run.EndReason));
        Assert.Equal([1, 2, 3], (await Api.MetricsAsync(run.Id)).Series[MetricKeys.TrainLoss].X);
        await Api.SendAsync<RunDocument>(HttpMethod.Post, ApiRoutes.Run(run.Id, "resume"), expected: HttpStatusCode.Accepted);
        RunDocument ended = await Api.WaitForEndAsync(run.Id);
        Assert.Equal((RunState.Completed, 3), (ended.State, ended.Attempts[1].ResumedFrom));
        Assert.Equal([1, 2, 3, 4, 5, 6], (await Api.MetricsAsync(run.Id)).Series[MetricKeys.TrainLoss].X);
    }

    [Fact]
    public async Task Worker_HundredMegabytesOfLog_AreBoundedOnDiskAndInMemoryWithBothEndsKept()
    {
        const long Mebibyte = 1 << 20;
        await RunAsync("steps=2");
        RunDocument run = await RunAsync("steps=3 flood=100 longline=50");

        Assert.True(run.State == RunState.Completed, run.Error);
        FileInfo log = new(Path.Combine(_server.DataDirectory, "runs", run.Id, "attempts", "0001", "log.txt"));
        Assert.InRange(log.Length, 30 * Mebibyte, 34 * Mebibyte);
        LogChunk end = await Api.ReadAsync<LogChunk>(ApiRoutes.Run(run.Id, "logs?tail=10"));
        Assert.Contains("the last line of the flood", end.Text, StringComparison.Ordinal);
        Assert.Contains("runs lora", File.ReadLines(log.FullName).First(), StringComparison.Ordinal);
        if (OperatingSystem.IsLinux())
        {
            Assert.InRange(PeakMemory(_server.ProcessId), 0, 600 * Mebibyte);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(6)]
    public async Task Worker_GoesWithoutAWord_RunFailsWithASentence(int exitCode)
    {
        RunDocument run = await RunAsync($"mute exit={exitCode}");

        Assert.Equal((RunState.Failed, exitCode == 6 ? EndReason.DiskFull : EndReason.WorkerLost), (run.State, run.EndReason));
        Assert.Contains(exitCode == 6 ? "free some space" : "exit code 0", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Worker_SaysNothingAtAll_ShowsStalledAndIsKilledAtTheDeadlineOfACancel()
    {
        RunDocument run = await Api.SubmitAsync("""{"notes":"mute"}""");
        RunDocument stalled = await Api.WaitAsync(run.Id, now => now.Progress.Stalled);
        Assert.Equal(RunState.Preparing, stalled.State);
        int worker = stalled.Attempts[0].ProcessId!.Value;

        RunDocument asked = await Api.SendAsync<RunDocument>(
            HttpMethod.Post, ApiRoutes.Run(run.Id, "cancel"), expected: HttpStatusCode.Accepted);
        RunDocument ended = await Api.WaitForEndAsync(run.Id);

        Assert.Equal(RunState.Cancelling, asked.State);
        Assert.Equal((RunState.Cancelled, EndReason.Cancelled), (ended.State, ended.EndReason));
        Assert.InRange((ended.EndedAt!.Value - asked.CancelBy!.Value).TotalSeconds, -0.1, 5);
        Assert.Contains("did not stop in time and was killed", ended.Error, StringComparison.Ordinal);
        Assert.False(Signals.IsAlive(worker));
        Assert.Equal((null, false), (ended.CancelBy, ended.Progress.Stalled));
    }

    [Fact]
    public async Task Worker_StandsStillForAWhile_ShowsStalledUntilItGoesOn()
    {
        RunDocument run = await Api.SubmitAsync("""{"notes":"steps=40 delay=50 pause=20 for=3000"}""");

        RunDocument stalled = await Api.WaitAsync(run.Id, now => now.Progress.Stalled);
        RunDocument again = await Api.WaitAsync(run.Id, now => !now.Progress.Stalled);
        RunDocument ended = await Api.WaitForEndAsync(run.Id);

        Assert.Equal((RunState.Running, 19), (stalled.State, stalled.Progress.Step));
        Assert.True(again.Progress.Step >= 19);
        Assert.Equal(RunState.Completed, ended.State);
    }

    [Fact]
    public async Task Kill_WorkerThatIgnoresEverything_EndsItAtOnce()
    {
        RunDocument run = await Api.SubmitAsync("""{"notes":"steps=5000 delay=20 stubborn"}""");
        RunDocument running = await Api.WaitAsync(run.Id, now => now.Progress.Step > 1);

        DateTimeOffset asked = TimeProvider.System.GetUtcNow();
        RunDocument answer = await Api.SendAsync<RunDocument>(
            HttpMethod.Post, ApiRoutes.Run(run.Id, "kill"), expected: HttpStatusCode.Accepted);
        RunDocument ended = await Api.WaitForEndAsync(run.Id);

        Assert.Equal(RunState.Cancelling, answer.State);
        Assert.Equal((RunState.Cancelled, EndReason.Cancelled), (ended.State, ended.EndReason));
        Assert.InRange((ended.EndedAt!.Value - asked).TotalSeconds, 0, 1.9);
        Assert.False(Signals.IsAlive(running.Attempts[0].ProcessId!.Value));
        Assert.Contains("No checkpoint was saved", ended.Error, StringComparison.Ordinal);
        Assert.NotEmpty(ended.LogTail);
    }

    [Fact]
    public async Task Resume_RunThatCannotGoOn_IsAConflictWithAReason()
    {
        await ConflictAsync((await RunAsync("steps=1")).Id, "clone");
        await ConflictAsync((await RunAsync("steps=1 fail")).Id, "learningRate");
        RunDocument running = await Api.SubmitAsync("""{"notes":"steps=5000 delay=20"}""");
        await Api.WaitAsync(running.Id, now => now.State == RunState.Running);
        await ConflictAsync(running.Id, "only an ended run");
        await Api.RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Post, ApiRoutes.Run("nothing", "resume"));
        await Api.RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Post, ApiRoutes.Run("nothing", "kill"));
        await Api.SendAsync<RunDocument>(HttpMethod.Post, ApiRoutes.Run(running.Id, "cancel"), expected: HttpStatusCode.Accepted);
        RunDocument cancelled = await Api.WaitForEndAsync(running.Id);
        Assert.Contains("Cancelled at step", cancelled.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Resume_CancelledRun_GoesOnFromItsCheckpointBeforeWhatWaits()
    {
        RunDocument run = await Api.SubmitAsync("""{"notes":"steps=30 delay@1=50 checkpoints=2 marked"}""");
        await Api.WaitAsync(run.Id, now => now.Progress.Step >= 5);
        await Api.SendAsync<RunDocument>(HttpMethod.Post, ApiRoutes.Run(run.Id, "cancel"), expected: HttpStatusCode.Accepted);
        RunDocument cancelled = await Api.WaitForEndAsync(run.Id);
        int saved = cancelled.Attempts[0].CheckpointStep!.Value;
        Assert.Contains($"the checkpoint at step {saved}", cancelled.Error, StringComparison.Ordinal);
        RunDocument blocking = await Api.SubmitAsync("""{"notes":"steps=20 delay=50"}""");
        RunDocument waiting = await Api.SubmitAsync("""{"notes":"steps=1"}""");

        await Api.SendAsync<RunDocument>(HttpMethod.Post, ApiRoutes.Run(run.Id, "resume"), expected: HttpStatusCode.Accepted);
        RunDocument ended = await Api.WaitForEndAsync(run.Id);
        RunDocument next = await Api.WaitForEndAsync(waiting.Id);

        Assert.Equal((RunState.Completed, saved, null), (ended.State, ended.Attempts[1].ResumedFrom, ended.Error));
        Assert.True(next.StartedAt >= ended.EndedAt);
        Assert.Equal(RunState.Completed, (await Api.WaitForEndAsync(blocking.Id)).State);
    }

    private static long PeakMemory(int processId) =>
        1024 * long.Parse(
            File.ReadLines($"/proc/{processId}/status").First(line => line.StartsWith("VmHWM", StringComparison.Ordinal))
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2],
            System.Globalization.CultureInfo.InvariantCulture);

    private async Task ConflictAsync(string id, string part) =>
        Assert.Contains(
            part,
            (string?)(await Api.RefusedAsync(HttpStatusCode.Conflict, HttpMethod.Post, ApiRoutes.Run(id, "resume")))["detail"],
            StringComparison.Ordinal);

    private async Task<RunDocument> RunAsync(string notes) =>
        await Api.WaitForEndAsync((await Api.SubmitAsync($$"""{"notes":"{{notes}}"}""")).Id);
}
