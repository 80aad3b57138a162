using System.Text.Json.Serialization;

namespace LoraLab.Contracts.Runs;

/// <summary>
/// Fingerprint of the inputs and results of a run, used to decide whether runs are comparable. Hashes are SHA-256 in lowercase hex.
/// The worker writes it when the run is prepared and completes it when the run ends.
/// </summary>
public sealed record RunFingerprint
{
    /// <summary>Schema version of this document.</summary>
    public int SchemaVersion { get; init; } = 1;

    /// <summary>Weights and tokenizer.</summary>
    public required ModelFingerprint Model { get; init; }

    /// <summary>Prompt and labels.</summary>
    public required PromptFingerprint Prompt { get; init; }

    /// <summary>Training sentences.</summary>
    public required TrainingFingerprint Training { get; init; }

    /// <summary>Evaluation rows.</summary>
    public required EvaluationFingerprint Evaluation { get; init; }

    /// <summary>Initial and final factors.</summary>
    public required AdapterFingerprint Adapter { get; init; }

    /// <summary>Device, precision, threads and versions.</summary>
    public required RunEnvironment Environment { get; init; }

    /// <summary>Figures of the paper and of the run; empty if the run does not follow the paper's protocol.</summary>
    public IReadOnlyList<PaperFigure> Paper { get; init; } = [];
}

/// <summary>The base model.</summary>
public sealed record ModelFingerprint
{
    /// <summary>Name in the specification.</summary>
    public required string Name { get; init; }

    /// <summary>Hash of the weights: of the single file, or of the shard hashes in the order of the shard names.</summary>
    public required string WeightsSha256 { get; init; }

    /// <summary>Hash of <c>config.json</c>.</summary>
    public required string ConfigSha256 { get; init; }

    /// <summary>Hash of <c>tokenizer.model</c>.</summary>
    public required string TokenizerSha256 { get; init; }

    /// <summary>Parameters of the base model.</summary>
    public long Parameters { get; init; }
}

/// <summary>Prompt and labels.</summary>
public sealed record PromptFingerprint
{
    /// <summary>Name or template in the specification.</summary>
    public required string Name { get; init; }

    /// <summary>The template, with <c>{sentence}</c> and <c>{label}</c>.</summary>
    public required string Template { get; init; }

    /// <summary>Hash of the template and the <c>stripSentence</c> flag.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Token ids that each label adds to the prompt of the first evaluation row, in label order.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<int>> LabelIds { get; init; }

    /// <summary>Hash of the token ids that each label adds to the prompt of every evaluation row.</summary>
    public required string LabelIdsSha256 { get; init; }
}

/// <summary>The training data.</summary>
public sealed record TrainingFingerprint
{
    /// <summary>Dataset in the specification.</summary>
    public required string Dataset { get; init; }

    /// <summary>Hashes of the files read, by file name.</summary>
    public required IReadOnlyDictionary<string, string> FilesSha256 { get; init; }

    /// <summary>Number of sentences in the subset.</summary>
    public int Sentences { get; init; }

    /// <summary>Sentences per label in the subset.</summary>
    public required IReadOnlyDictionary<string, int> Labels { get; init; }

    /// <summary>Hash of the subset's rows in training order.</summary>
    public required string SubsetSha256 { get; init; }

    /// <summary>Tokens per epoch, BOS counted.</summary>
    public long EpochTokens { get; init; }

    /// <summary>Completed optimizer steps.</summary>
    public int Steps { get; init; }

    /// <summary>Tokens consumed in those steps, BOS counted.</summary>
    public long ConsumedTokens { get; init; }

    /// <summary>Final loss scale (fp16); 1: none.</summary>
    public double LossScale { get; init; } = 1;

    /// <summary>Number of windows that were recomputed because their gradient overflowed (fp16).</summary>
    public int Overflows { get; init; }

    /// <summary>Rolling hash of the rows consumed, updated at every step: h ← sha256(h ‖ step ‖ rows), from 32 zero bytes.</summary>
    public string? ConsumedSha256 { get; init; }
}

/// <summary>The evaluation data.</summary>
public sealed record EvaluationFingerprint
{
    /// <summary>Evaluation split.</summary>
    public EvalSplit Split { get; init; }

    /// <summary>Number of rows.</summary>
    public int Rows { get; init; }

    /// <summary>Rows per label.</summary>
    public required IReadOnlyDictionary<string, int> Labels { get; init; }

    /// <summary>Hash of row numbers, sentences and labels, in order.</summary>
    public required string Sha256 { get; init; }
}

/// <summary>The trained factors.</summary>
public sealed record AdapterFingerprint
{
    /// <summary>Algorithm of each decomposition (<c>full</c> or <c>randomised</c>); empty: none.</summary>
    public IReadOnlyList<string> Svd { get; init; } = [];

    /// <summary>Rows from which the initial factors were calibrated; null: they do not depend on any.</summary>
    public CalibrationFingerprint? Calibration { get; init; }

    /// <summary>Hash of all factors before the first step.</summary>
    public required string InitialSha256 { get; init; }

    /// <summary>Hash of all factors after the last step; null until then. Runs that share it have the same result.</summary>
    public string? FinalSha256 { get; init; }

    /// <summary>
    /// Step of the best evaluation by the run's primary metric, whose adapter is kept beside the last unless it is the last; null: not
    /// known yet.
    /// </summary>
    public int? BestStep { get; init; }
}

/// <summary>The rows on which a method calibrated its initial factors.</summary>
public sealed record CalibrationFingerprint
{
    /// <summary>Number of rows.</summary>
    public int Rows { get; init; }

    /// <summary>Tokens of all rows.</summary>
    public long Tokens { get; init; }

    /// <summary>Hash of row numbers, token ids and targets, in order.</summary>
    public required string Sha256 { get; init; }
}

/// <summary>A figure of the paper and its counterpart in the run.</summary>
/// <param name="Name">Quantity.</param>
/// <param name="Paper">The paper's value.</param>
/// <param name="Run">The run's value; null: not known yet.</param>
/// <param name="Matches">Whether the values are equal; null: not known yet.</param>
/// <param name="Note">Explanation of a difference.</param>
public sealed record PaperFigure(
    string Name, string Paper, string? Run, [property: JsonPropertyName("met")] bool? Matches, string? Note = null);
