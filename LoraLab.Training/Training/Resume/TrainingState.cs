using System.Text.Json.Serialization;
using LoraLab.Contracts.Runs;

namespace LoraLab.Training.Training.Resume;

/// <summary>
/// Everything but tensors that a run needs to go on exactly where it stopped. There is no generator state: initial values,
/// dropout masks and orders are drawn by counter from the specification's seeds, the step and names.
/// </summary>
public sealed record TrainingState
{
    /// <summary>Version of this document's shape.</summary>
    public int SchemaVersion { get; init; } = 1;

    /// <summary>Optimizer steps taken, one for each window.</summary>
    public int Step { get; init; }

    /// <summary>Whether the evaluation that belongs to this step has been made.</summary>
    public bool Evaluated { get; init; }

    /// <summary>Hash of the specification as it was validated: another one cannot go on from here.</summary>
    public required string SpecSha256 { get; init; }

    /// <summary>The specification with every value as it was used, the machine's choices included.</summary>
    public required RunSpec Spec { get; init; }

    /// <summary>Threads of the tensor library: sums split differently have other last digits.</summary>
    public int Threads { get; init; }

    /// <summary>Hash of the base weights.</summary>
    public required string BaseSha256 { get; init; }

    /// <summary>The factors at the very start.</summary>
    public required AdapterFingerprint Start { get; init; }

    /// <summary>Whether factors taken out of the base are subtracted in the branch; see <see cref="Adapters.ExtractedFactors"/>.</summary>
    public bool TakenFromBranch { get; init; }

    /// <summary>Updates that AdamW made.</summary>
    public int OptimizerSteps { get; init; }

    /// <summary>Factor of the loss (fp16).</summary>
    public double LossScale { get; init; } = 1;

    /// <summary>Finite steps since the factor last changed.</summary>
    [JsonPropertyName("calmSteps")]
    public int GoodSteps { get; init; }

    /// <summary>Windows that were computed again because their gradient overflowed (fp16).</summary>
    public int Overflows { get; init; }

    /// <summary>Tokens consumed, BOS counted.</summary>
    public long ConsumedTokens { get; init; }

    /// <summary>Rolled-up hash of the rows consumed.</summary>
    public required string ConsumedSha256 { get; init; }

    /// <summary>Results so far, with times and peak memory.</summary>
    public required RunSummary Summary { get; init; }

    /// <summary>Hash of the file with the tensors.</summary>
    public string TensorsSha256 { get; init; } = "";
}
