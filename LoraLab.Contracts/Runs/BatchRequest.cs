using System.ComponentModel.DataAnnotations;

namespace LoraLab.Contracts.Runs;

/// <summary>Several runs to queue together: all of them, or none.</summary>
public sealed record BatchRequest
{
    /// <summary>Maximum number of runs.</summary>
    public const int MaximumRuns = 200;

    /// <summary>Maximum size of the body in bytes.</summary>
    public const int MaximumBytes = 8 << 20;

    /// <summary>Specifications of the runs, in the order in which they are queued.</summary>
    [MinLength(1), MaxLength(MaximumRuns)]
    public required IReadOnlyList<RunSpec> Runs { get; init; }

    /// <summary>Key of an error of a run, as in <c>runs[3].learningRate</c>.</summary>
    /// <param name="run">Index of the run in the request.</param>
    /// <param name="field">Its field; null: the run itself.</param>
    public static string ErrorKey(int run, string? field) =>
        FormattableString.Invariant($"runs[{run}]") + (field is null ? "" : $".{field}");
}
