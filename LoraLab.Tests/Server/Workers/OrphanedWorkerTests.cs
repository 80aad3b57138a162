using System.Diagnostics;
using LoraLab.Contracts.Runs;
using LoraLab.Files;
using LoraLab.Server.Workers;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Workers;

/// <summary>A process is ours only if id, start time and the lock on this directory's own event file agree.</summary>
public sealed class OrphanedWorkerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _events;

    public OrphanedWorkerTests() => _events = _folder.Write("runs/a/attempts/0001/events.jsonl", "{}\n");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void State_IdStartAndLockAgree_IsOurs()
    {
        using FileStream held = Hold(_events);

        Assert.Equal(OrphanState.Ours, StateOf(Self()));
    }

    [Fact]
    public void State_FileOfACopy_IsUnproven()
    {
        using FileStream held = Hold(_folder.Write("copy/events.jsonl", "{}\n"));

        Assert.Equal(OrphanState.Unproven, StateOf(Self()));
    }

    [Fact]
    public void State_ReusedIdWhileNothingHoldsTheFile_IsGone()
    {
        RunAttempt attempt = Self();

        Assert.Equal(OrphanState.Gone, StateOf(attempt with { ProcessStartedAt = attempt.ProcessStartedAt!.Value.AddMinutes(-5) }));
    }

    [Fact]
    public void State_ReusedIdWhileAnotherHoldsTheFile_IsUnproven()
    {
        using FileStream held = Hold(_events);
        RunAttempt attempt = Self();

        Assert.Equal(OrphanState.Unproven, StateOf(attempt with { ProcessStartedAt = attempt.ProcessStartedAt!.Value.AddMinutes(-5) }));
    }

    [Fact]
    public async Task State_ProcessWithTheIdDoesNotHoldTheFileItself_IsUnproven()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Skip("Only Linux tells which process holds a file.");
        }

        using FileStream held = Hold(_events);
        using Process other = Process.Start("sleep", ["60"]);
        RunAttempt attempt = new() { ProcessId = other.Id, ProcessStartedAt = other.StartTime.ToUniversalTime() };

        Assert.Equal(OrphanState.Unproven, StateOf(attempt));
        new OrphanedWorker(attempt, _events).Kill();
        Assert.False(other.HasExited);
        other.Kill();
        await other.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task State_HardLinkOfTheFileIsHeld_IsUnproven()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Skip("Only Linux tells by which name a file is held.");
        }

        string link = Path.Combine(_folder.Path, "linked.jsonl");
        using (Process make = Process.Start("ln", [_events, link]))
        {
            await make.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        using Process holder = Process.Start("bash", ["-c", "exec 9>>\"$0\"; flock -s 9; sleep 60", link]);
        Stopwatch waited = Stopwatch.StartNew();
        while (!FileLock.IsHeld(link) && waited.Elapsed < TimeSpan.FromSeconds(30))
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        RunAttempt attempt = new() { ProcessId = holder.Id, ProcessStartedAt = holder.StartTime.ToUniversalTime() };
        Assert.Equal(OrphanState.Unproven, StateOf(attempt));
        Assert.Equal(OrphanState.Ours, new OrphanedWorker(attempt, link).State);
        new OrphanedWorker(attempt, link).Kill();
        await holder.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(int.MaxValue)]
    public void State_NoProcess_IsGone(int? id) =>
        Assert.Equal(OrphanState.Gone, StateOf(new RunAttempt { ProcessId = id, ProcessStartedAt = TimeProvider.System.GetUtcNow() }));

    private static FileStream Hold(string path) => new(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);

    private static RunAttempt Self()
    {
        using Process self = Process.GetCurrentProcess();
        return new RunAttempt { ProcessId = self.Id, ProcessStartedAt = self.StartTime.ToUniversalTime() };
    }

    private OrphanState StateOf(RunAttempt attempt) => new OrphanedWorker(attempt, _events).State;
}
