using LoraLab.Contracts.Runs;
using LoraLab.Tests.Training.Torch;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Torch;
using LoraLab.Training.Training.Memory;
using Xunit;

namespace LoraLab.Tests.Training.Training.Memory;

/// <summary>What a run needs against what other programs leave on its GPU, of 8 GiB.</summary>
public sealed class FreeMemoryCheckTests
{
    private const int Other = 4242;
    private readonly FakeNvml _fake = new();
    private int _waits;

    [Fact]
    public void BeforeLoad_OtherProgramHoldsTheMemory_EndsNamed()
    {
        FreeMemoryCheck check = Check(otherGb: 6);

        RunFailure failure = Assert.Throws<RunFailure>(() => check.RequireBeforeLoad(4000));

        Assert.Equal(EndReason.OutOfMemory, failure.Reason);
        Assert.Contains("needs about 4,000 MiB", failure.Message, StringComparison.Ordinal);
        Assert.Contains(
            "other programs (process 4242) leave only 2,048 MiB of cuda:0's 8,192 MiB", failure.Message, StringComparison.Ordinal);
        Assert.Contains("stop them, then resume the run", failure.Message, StringComparison.Ordinal);
        Assert.Contains("(process 4242) also uses cuda:0", check.Others, StringComparison.Ordinal);
    }

    [Fact]
    public void BeforeLoad_MemoryOfAProcessThatJustEnded_IsWaitedFor()
    {
        FreeMemoryCheck check = Check(otherGb: 6, whileWaiting: () => _fake.Gpus[0].Used = 1L << 30);

        Assert.Null(check.RequireBeforeLoad(4000));
        Assert.Equal(1, _waits);
    }

    [Fact]
    public void BeforeLoad_OwnContextIsInTheEstimate_IsNotCountedTwice()
    {
        FreeMemoryCheck check = Check(otherGb: 0);
        Own(500);

        Assert.Null(check.RequireBeforeLoad(8192));
        Assert.Contains("may run out of memory", check.RequireBeforeLoad(8500), StringComparison.Ordinal);
        Assert.Throws<RunFailure>(() => check.RequireBeforeLoad(9100));
    }

    [Fact]
    public void AfterProbe_MemoryTakenMeanwhile_EndsNamed()
    {
        FreeMemoryCheck check = Check(otherGb: 0);
        Own(300);
        Assert.Null(check.RequireBeforeLoad(6000));
        Own(4700);
        _fake.Gpus[0].Used += 3L << 30;

        Assert.Equal(EndReason.OutOfMemory, Assert.Throws<RunFailure>(() => check.RequireAfterProbe(6000)).Reason);
    }

    [Fact]
    public void AfterProbe_GpuAsGoodAsFull_Warns()
    {
        FreeMemoryCheck check = Check(otherGb: 0);
        Own(8100);

        Assert.Contains("Only 92 MiB of cuda:0 are free after", check.RequireAfterProbe(8000), StringComparison.Ordinal);
        Assert.Null(check.ShortageAt(3));
    }

    [Fact]
    public void Shortage_OtherProgramTakesTheMemoryDuringTheRun_WarnsOnceAndNamesIt()
    {
        FreeMemoryCheck check = Check(otherGb: 0);
        Own(4000);
        Assert.Null(check.RequireAfterProbe(4100));
        Assert.Null(check.ShortageAt(1));
        _fake.Gpus[0].Used += 4100L << 20;

        Assert.Contains(
            "free at step 2, because other programs have taken 4,100 MiB", check.ShortageAt(2), StringComparison.Ordinal);
        Assert.Null(check.ShortageAt(3));
    }

    [Fact]
    public void BeforeLoad_NothingKnown_PassesWithoutWaiting()
    {
        FreeMemoryCheck check = new(new Gpus(null), 0, "cuda:0", _ => _waits++);

        Assert.Null(check.RequireBeforeLoad(1e6));
        Assert.Null(check.RequireAfterProbe(1e6));
        Assert.Equal((0, null), (_waits, check.Others));
    }

    private void Own(int mebibytes)
    {
        _fake.Running.Add((Environment.ProcessId, (ulong)mebibytes << 20, 0));
        _fake.Gpus[0].Used += (long)mebibytes << 20;
    }

    private FreeMemoryCheck Check(int otherGb, Action? whileWaiting = null)
    {
        _fake.Gpus[0].Used = (long)otherGb << 30;
        if (otherGb > 0)
        {
            _fake.Running.Add((Other, (ulong)otherGb << 30, 0));
        }

        Gpus gpus = new(_fake.Open());
        gpus.BeforeUse(0);
        return new(gpus, 0, "cuda:0", _ =>
        {
            _waits++;
            whileWaiting?.Invoke();
        });
    }
}
