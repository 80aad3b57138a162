using System.Globalization;
using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Experiments.Sweeps;

/// <summary>A trial with its run.</summary>
/// <param name="Number">1 for the first.</param>
/// <param name="Stored">The trial as stored.</param>
/// <param name="Run">Its run; null: not created yet, or deleted.</param>
internal sealed record Trial(int Number, StoredTrial Stored, RunDocument? Run)
{
    /// <summary>Key of its run within the sweep.</summary>
    public string Key => KeyOf(Number);

    public bool IsDeleted => Run is null && Stored.RunId is not null;

    /// <summary>Whether its run is queued, preparing or running and can be stopped.</summary>
    public bool IsLive => Run?.State is RunState.Queued or RunState.Preparing or RunState.Running;

    /// <summary>Whether its run has ended or was deleted and is not held by a pause.</summary>
    public bool HasEnded => IsDeleted || (Run?.State is RunState.Completed or RunState.Failed or RunState.Cancelled && !Stored.Held);

    /// <summary>Whether it ended without a result: failed, cancelled by a user, or deleted.</summary>
    public bool HasNoResult => HasEnded && !(Run is { State: RunState.Completed } or { EndReason: EndReason.Pruned });

    public static string KeyOf(int number) => number.ToString("D4", CultureInfo.InvariantCulture);

    /// <summary>All trials of a sweep with their runs.</summary>
    public static IReadOnlyList<Trial> Of(StoredSweep sweep, IReadOnlyDictionary<string, RunDocument> runs) =>
        [.. sweep.Trials.Select((stored, index) => new Trial(index + 1, stored, runs.GetValueOrDefault(KeyOf(index + 1))))];

    /// <summary>The objective at the run's last evaluation; null before the first one, or if it is not finite.</summary>
    public double? Last(string objective) => Run?.Summary[objective]?.Last;
}
