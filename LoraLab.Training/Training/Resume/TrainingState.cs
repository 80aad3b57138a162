using System.Text.Json.Serialization;
using LoraLab.Contracts.Runs;

namespace LoraLab.Training.Training.Resume;

/// <summary>
/// The state of a checkpoint, without tensors, from which a run resumes exactly. There is no RNG state: initial values, dropout masks and
/// orders are counter-based draws from the specification's seeds, the step and names.
/// </summary>
public sealed record TrainingState
{
    /// <summary>Schema version of this document.</summary>
    public int SchemaVersion { get; init; } = 1;

    /// <summary>Optimizer steps taken, one per window.</summary>
    public int Step { get; init; }

    /// <summary>Whether the evaluation due at this step is done.</summary>
    public bool Evaluated { get; init; }

    /// <summary>Hash of the specification as validated; only the same specification can resume.</summary>
    public required string SpecSha256 { get; init; }

    /// <summary>The specification with every value resolved, including the choices made on this machine.</summary>
    public required RunSpec Spec { get; init; }

    /// <summary>Threads of the tensor library, which determine the order of summation and thus the last digits.</summary>
    public int Threads { get; init; }

    /// <summary>Hash of the base weights.</summary>
    public required string BaseSha256 { get; init; }

    /// <summary>Fingerprint of the factors before the first step.</summary>
    public required AdapterFingerprint Start { get; init; }

    /// <summary>
    /// Whether factors extracted from the base are subtracted in the branch; see <see cref="Adapters.ExtractedFactors"/>.
    /// </summary>
    [JsonPropertyName("takenFromBranch")]
    public bool ExtractedInBranch { get; init; }

    /// <summary>
    /// Whether dropout masks are those that the device draws; false in the checkpoints of runs that earlier versions began.
    /// </summary>
    public bool DropoutOfDevice { get; init; }

    /// <summary>AdamW updates.</summary>
    public int OptimizerSteps { get; init; }

    /// <summary>Loss scale (fp16).</summary>
    public double LossScale { get; init; } = 1;

    /// <summary>Finite steps since the loss scale last changed.</summary>
    [JsonPropertyName("calmSteps")]
    public int GoodSteps { get; init; }

    /// <summary>Windows repeated because their gradient overflowed (fp16).</summary>
    public int Overflows { get; init; }

    /// <summary>Tokens consumed, BOS counted.</summary>
    public long ConsumedTokens { get; init; }

    /// <summary>Rolling hash of the rows consumed.</summary>
    public required string ConsumedSha256 { get; init; }

    /// <summary>Results so far, including times and peak memory.</summary>
    public required RunSummary Summary { get; init; }

    /// <summary>SHA-256 of the tensor file.</summary>
    public string TensorsSha256 { get; init; } = "";

    /// <summary>
    /// File of the frozen tensors beside the checkpoints, which all of them share; null: there are none, or, in checkpoints of earlier
    /// versions, they are in the tensor file.
    /// </summary>
    public string? FrozenFile { get; init; }

    /// <summary>SHA-256 of that file.</summary>
    public string? FrozenSha256 { get; init; }
}
