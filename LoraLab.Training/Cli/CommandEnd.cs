using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Torch;

namespace LoraLab.Training.Cli;

/// <summary>
/// The end of a command: a failure of what was asked, or of the device in the middle of it, is one sentence on stderr. An exception that
/// is neither is a bug and keeps its stack trace.
/// </summary>
internal static class CommandEnd
{
    /// <summary>Runs a command; returns its exit code.</summary>
    public static async Task<int> RunAsync(Func<Task<int>> command, TextWriter errors)
    {
        try
        {
            return await command();
        }
        catch (Exception problem) when (Sentence(problem) is string sentence)
        {
            await errors.WriteLineAsync(sentence);
            return ExitCodes.Failure;
        }
    }

    /// <summary>What a user reads about a failure; null: it is a bug.</summary>
    public static string? Sentence(Exception problem) => problem is RunFailure failure
        ? failure.Message
        : OutOfMemory.Is(problem) ? EndMessages.CommandOutOfMemory : OfDevice(problem)?.Message;

    /// <summary>Whether a failure leaves the process without its device, so that nothing else can be computed in it.</summary>
    public static bool IsLoss(Exception problem) =>
        !OutOfMemory.Is(problem) && OfDevice(problem) is { Reason: EndReason.WorkerLost };

    private static RunFailure? OfDevice(Exception problem) => CudaError.From(problem, CudaDriver.Known(), again: "try again");
}
