using LoraLab.Contracts.Runs;

namespace LoraLab.Training.Files.Errors;

/// <summary>
/// A run cannot start or go on. <see cref="Exception.Message"/> is one clear sentence that names the field, file, row or
/// tensor and says what to do; it is shown to the user as it is.
/// </summary>
public sealed class RunFailure : Exception
{
    /// <summary>A failure with its reason and its sentence.</summary>
    public RunFailure(EndReason reason, string message, string? field = null, Exception? inner = null)
        : base(message, inner)
    {
        Reason = reason;
        Field = field;
    }

    /// <summary>Why the run ends.</summary>
    public EndReason Reason { get; }

    /// <summary>JSON name of the field of the specification that is to blame; null when none is.</summary>
    public string? Field { get; }

    /// <summary>Changes of the specification with which it would not fail.</summary>
    public IReadOnlyList<RunSuggestion> Suggestions { get; init; } = [];

    /// <summary>Model, data or specification cannot be used.</summary>
    public static RunFailure BadData(string message, string? field = null, Exception? inner = null) =>
        new(EndReason.BadData, message, field, inner);
}
