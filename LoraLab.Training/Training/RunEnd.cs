using LoraLab.Contracts.Runs;
using LoraLab.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Torch;
using LoraLab.Training.Training.Recording;

namespace LoraLab.Training.Training;

/// <summary>The end of an attempt.</summary>
/// <param name="Reason">End reason; null if the attempt was abandoned because the process must exit.</param>
/// <param name="Message">Error or reason for the log; null if there is none.</param>
public sealed record RunEnd(EndReason? Reason, string? Message = null)
{
    /// <summary>Changes to the specification with which a clone may succeed.</summary>
    public IReadOnlyList<RunSuggestion> Suggestions { get; init; } = [];

    /// <summary>All steps are taken.</summary>
    public static RunEnd Finished { get; } = new(EndReason.Finished);

    /// <summary>The evaluations no longer improved.</summary>
    public static RunEnd EarlyStopped { get; } = new(EndReason.EarlyStopped);

    /// <summary>Maps an exception to the end of an attempt; null for an unexpected exception.</summary>
    public static RunEnd? From(Exception problem, StopSignal stop, Action<string> log)
    {
        switch (problem)
        {
            case OperationCanceledException:
                return stop.Abandoned is string reason ? new(null, reason) : new(EndReason.Cancelled);
            case RunFailure failure:
                return new(failure.Reason, failure.Message) { Suggestions = failure.Suggestions };
            case IOException e when DiskSpace.IsShort(e):
                return new(EndReason.DiskFull, EndMessages.DiskFull(e.Message));
            case Exception e when OutOfMemory.Is(e):
                log(e.ToString());
                return new(EndReason.OutOfMemory, EndMessages.OutOfMemory);
            case Exception e when CudaError.From(e, CudaDriver.Known()) is RunFailure failure:
                log(e.ToString());
                return new(failure.Reason, failure.Message);
            default:
                return null;
        }
    }
}
