using LoraLab.Contracts.Runs;
using LoraLab.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Torch;
using LoraLab.Training.Training.Recording;

namespace LoraLab.Training.Training;

/// <summary>How an attempt ended.</summary>
/// <param name="Reason">Why; null: nobody decided it, the process must go.</param>
/// <param name="Sentence">What to say of it; null where there is nothing to say.</param>
public sealed record RunEnd(EndReason? Reason, string? Sentence = null)
{
    /// <summary>Changes of the specification with which a clone may succeed.</summary>
    public IReadOnlyList<RunSuggestion> Suggestions { get; init; } = [];

    /// <summary>All steps are taken.</summary>
    public static RunEnd Finished { get; } = new(EndReason.Finished);

    /// <summary>What an exception means for a run; null where it is none that a run can end with.</summary>
    public static RunEnd? Of(Exception problem, StopSignal stop, Action<string> log)
    {
        switch (problem)
        {
            case OperationCanceledException:
                return stop.Abandoned is string why ? new(null, why) : new(EndReason.Cancelled);
            case RunFailure failure:
                return new(failure.Reason, failure.Message) { Suggestions = failure.Suggestions };
            case IOException e when DiskSpace.IsShort(e):
                return new(EndReason.DiskFull, EndMessages.DiskFull(e.Message));
            case Exception e when OutOfMemory.Is(e):
                log(e.ToString());
                return new(EndReason.OutOfMemory, EndMessages.OutOfMemory);
            default:
                return null;
        }
    }
}
