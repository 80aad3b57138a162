using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage;

/// <summary>Which points of a run are read: those of one attempt, or of each up to the step from which a later one resumed.</summary>
internal static class SeriesRange
{
    /// <summary>The last step to read by the number of an attempt.</summary>
    /// <param name="attempt">The attempt; null: all.</param>
    /// <param name="run">The run; null: it does not exist.</param>
    public static Func<int, int> Of(int? attempt, StoredRun? run) => attempt is int only
        ? number => number == only ? int.MaxValue : -1
        : AttemptSteps.LastEffectiveStep(run?.Document.Attempts ?? []);
}
