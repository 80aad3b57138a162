using LoraLab.Contracts.Runs;

namespace LoraLab.Training.Files.Errors;

/// <summary>
/// Thrown when a run cannot start or continue. <see cref="Exception.Message"/> is one clear sentence that names the field, file, row or
/// tensor and says what to do; it is shown to the user verbatim.
/// </summary>
public sealed class RunFailure : Exception
{
    /// <summary>A failure with its reason and message.</summary>
    public RunFailure(EndReason reason, string message, string? field = null, Exception? inner = null)
        : base(message, inner)
    {
        Reason = reason;
        Field = field;
    }

    /// <summary>End reason of the run.</summary>
    public EndReason Reason { get; }

    /// <summary>JSON name of the invalid field of the specification; null: none.</summary>
    public string? Field { get; }

    /// <summary>Changes to the specification that would avoid the failure.</summary>
    public IReadOnlyList<RunSuggestion> Suggestions { get; init; } = [];

    /// <summary>A failure because model, data or specification is invalid.</summary>
    public static RunFailure BadData(string message, string? field = null, Exception? inner = null) =>
        new(EndReason.BadData, message, field, inner);
}
