using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Domain;

/// <summary>
/// Decides which points of a run's attempts are effective: an attempt that resumes from a step supersedes earlier points beyond it.
/// </summary>
internal static class AttemptSteps
{
    /// <summary>Maps an attempt's number to the last step whose points are effective.</summary>
    public static Func<int, int> LastEffectiveStep(IReadOnlyList<RunAttempt> attempts) => number => attempts
        .Where(later => later.Number > number)
        .Select(later => later.ResumedFrom ?? int.MaxValue)
        .DefaultIfEmpty(int.MaxValue)
        .Min();
}
