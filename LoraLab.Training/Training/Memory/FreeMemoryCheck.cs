using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Torch;

namespace LoraLab.Training.Training.Memory;

/// <summary>
/// Compares what a run needs with the memory that other programs leave on its GPU. Linux ends a run that takes too much; Windows moves
/// memory to the system's instead, and every step takes many times as long, which only this check shows.
/// </summary>
/// <param name="gpus">The GPUs.</param>
/// <param name="index">CUDA's index of the run's.</param>
/// <param name="name">Its name in documents.</param>
/// <param name="wait">Waits before the free memory is read again: that of a process that has just ended may be freed later.</param>
internal sealed class FreeMemoryCheck(Gpus gpus, int index, string name, Action<TimeSpan> wait)
{
    /// <summary>Share of the memory below which a GPU is as good as full: the driver keeps that much for itself.</summary>
    private const double SmallestFreeShare = 0.02;

    private const int Tries = 10;
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(500);
    private bool _warned;

    /// <summary>A warning if other programs compute on the GPU; null: none does, or the driver does not say.</summary>
    public string? Others => gpus.ProcessesBefore(index) is { Count: > 0 } ids
        ? $"{(ids.Count == 1 ? "Another program" : "Other programs")} ({Processes(ids)}) also {(ids.Count == 1 ? "uses" : "use")} {name}: "
            + "the times of this run are not comparable with those of others, and it may run out of memory."
        : null;

    /// <summary>
    /// Compares the estimate with the free memory before the weights are loaded. Returns a warning if it is close, or null.
    /// </summary>
    /// <param name="needMb">The estimated peak, MiB.</param>
    /// <exception cref="RunFailure">The run certainly does not fit.</exception>
    public string? RequireBeforeLoad(double needMb)
    {
        double? available = AvailableMb();
        for (int i = 0; i < Tries && Exceeds(needMb, available); i++)
        {
            wait(_pause);
            available = AvailableMb();
        }

        return Require(needMb, available);
    }

    /// <summary>
    /// Compares it again after the largest window. Returns a warning if it is close or the GPU is as good as full, or null.
    /// </summary>
    /// <param name="needMb">The peak, estimated from what the window was measured to need, MiB.</param>
    /// <exception cref="RunFailure">The run does not fit: part of it is in system memory already, or will be.</exception>
    public string? RequireAfterProbe(double needMb) => Require(needMb, AvailableMb()) ?? Shortage("after the run's largest window");

    /// <summary>A warning, once, if the GPU has become as good as full during the run; else null.</summary>
    public string? ShortageAt(int step) => _warned ? null : Shortage($"at step {step}");

    private string? Require(double needMb, double? availableMb)
    {
        if (Exceeds(needMb, availableMb))
        {
            throw new RunFailure(
                EndReason.OutOfMemory,
                $"The run needs about {NumberFormat.Mebibytes(needMb)}, but other programs{Known()} leave only "
                    + $"{NumberFormat.Mebibytes(availableMb!.Value)} of {name}{Total()}: stop them, then resume the run, or clone it with "
                    + "smaller passes, a smaller rank or a smaller model.");
        }

        return needMb > availableMb
            ? $"The run needs about {NumberFormat.Mebibytes(needMb)} of {name}, of which other programs{Known()} leave "
                + $"{NumberFormat.Mebibytes(availableMb.Value)}: it may run out of memory, or on Windows continue in system memory, where "
                + "steps take many times as long."
            : null;
    }

    private string? Shortage(string when)
    {
        if (!(gpus.FreeMb(index) is double free && free < SmallestFreeShare * gpus.TotalMb(index)))
        {
            return null;
        }

        _warned = true;
        string taken = gpus.TakenByOthersMb(index) is > 1 and double others
            ? $", because other programs have taken {NumberFormat.Mebibytes(others)}"
            : "";
        return $"Only {NumberFormat.Mebibytes(free)} of {name} are free {when}{taken}: the run may end out of memory, or on Windows "
            + "continue in system memory, where steps take many times as long.";
    }

    private static bool Exceeds(double needMb, double? availableMb) => needMb > availableMb * (1 + MemoryBudgetCheck.Uncertainty);

    private double? AvailableMb() => gpus.FreeMb(index) + (gpus.OwnMb(index) ?? 0);

    private string Known() => gpus.ProcessesBefore(index) is { Count: > 0 } ids ? $" ({Processes(ids)})" : "";

    private string Total() => gpus.TotalMb(index) is double total ? $"'s {NumberFormat.Mebibytes(total)}" : "";

    private static string Processes(IReadOnlyList<int> ids) => $"process{(ids.Count == 1 ? "" : "es")} {string.Join(", ", ids)}";
}
