using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Domain;

/// <summary>Which points of a run's attempts count: an attempt that resumed from a step takes the place of the earlier ones beyond it.</summary>
internal static class AttemptSteps
{
    /// <summary>For an attempt's number the last step whose points count.</summary>
    public static Func<int, int> LastEffectiveStep(IReadOnlyList<RunAttempt> attempts) => number => attempts
        .Where(later => later.Number > number)
        .Select(later => later.ResumedFrom ?? int.MaxValue)
        .DefaultIfEmpty(int.MaxValue)
        .Min();
}
