using System.Text.Json.Serialization;

namespace LoraLab.Contracts.Runs;

/// <summary>
/// What a run really computed with, so that two runs can be told comparable or not. Hashes are sha256 in lower-case hex.
/// The worker writes it when the run is prepared and completes it when the run ends.
/// </summary>
public sealed record RunFingerprint
{
    /// <summary>Version of this document's shape.</summary>
    public int SchemaVersion { get; init; } = 1;

    /// <summary>Weights and tokenizer.</summary>
    public required ModelFingerprint Model { get; init; }

    /// <summary>Prompt and label words.</summary>
    public required PromptFingerprint Prompt { get; init; }

    /// <summary>Training sentences.</summary>
    public required TrainingFingerprint Training { get; init; }

    /// <summary>Evaluation rows.</summary>
    public required EvaluationFingerprint Evaluation { get; init; }

    /// <summary>Initial and final factors.</summary>
    public required AdapterFingerprint Adapter { get; init; }

    /// <summary>Device, precision, threads and versions.</summary>
    public required RunEnvironment Environment { get; init; }

    /// <summary>The paper's own figures against the run's; empty where the run is not the paper's protocol.</summary>
    public IReadOnlyList<PaperFigure> Paper { get; init; } = [];
}

/// <summary>The base model.</summary>
public sealed record ModelFingerprint
{
    /// <summary>Name in the specification.</summary>
    public required string Name { get; init; }

    /// <summary>Hash of the weights: of the one file, or of the hashes of the shards in the order of their names.</summary>
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

    /// <summary>The template itself, with <c>{sentence}</c> and <c>{label}</c>.</summary>
    public required string Template { get; init; }

    /// <summary>Hash of the template and of whether sentences are stripped.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Tokens that each label adds after the first evaluation row's prompt, in label order.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<int>> LabelIds { get; init; }

    /// <summary>Hash of the tokens that each label adds after each evaluation row's prompt.</summary>
    public required string LabelIdsSha256 { get; init; }
}

/// <summary>What was trained on.</summary>
public sealed record TrainingFingerprint
{
    /// <summary>Data set in the specification.</summary>
    public required string Dataset { get; init; }

    /// <summary>Hash of each file that was read, by its name.</summary>
    public required IReadOnlyDictionary<string, string> FilesSha256 { get; init; }

    /// <summary>Sentences of the subset.</summary>
    public int Sentences { get; init; }

    /// <summary>Sentences of each label in the subset.</summary>
    public required IReadOnlyDictionary<string, int> Labels { get; init; }

    /// <summary>Hash of the subset's rows in the order of consumption.</summary>
    public required string SubsetSha256 { get; init; }

    /// <summary>Tokens of one epoch over the subset, BOS counted.</summary>
    public long EpochTokens { get; init; }

    /// <summary>Optimizer steps taken.</summary>
    public int Steps { get; init; }

    /// <summary>Tokens consumed by those steps, BOS counted.</summary>
    public long ConsumedTokens { get; init; }

    /// <summary>Factor of the gradient on its way back at the end (fp16); 1: none.</summary>
    public double LossScale { get; init; } = 1;

    /// <summary>Windows that were computed again because their gradient overflowed (fp16).</summary>
    public int Overflows { get; init; }

    /// <summary>Hash of the rows consumed, rolled up step by step: h ← sha256(h ‖ step ‖ rows), from 32 zero bytes.</summary>
    public string? ConsumedSha256 { get; init; }
}

/// <summary>What was evaluated on.</summary>
public sealed record EvaluationFingerprint
{
    /// <summary>Split.</summary>
    public EvalSplit Split { get; init; }

    /// <summary>Rows.</summary>
    public int Rows { get; init; }

    /// <summary>Rows of each label.</summary>
    public required IReadOnlyDictionary<string, int> Labels { get; init; }

    /// <summary>Hash of row numbers, sentences and labels, in order.</summary>
    public required string Sha256 { get; init; }
}

/// <summary>The trained factors.</summary>
public sealed record AdapterFingerprint
{
    /// <summary>Algorithm of each decomposition that was used (<c>full</c> or <c>randomised</c>); empty where there was none.</summary>
    public IReadOnlyList<string> Svd { get; init; } = [];

    /// <summary>Hash of all factors before the first step.</summary>
    public required string InitialSha256 { get; init; }

    /// <summary>Hash of all factors after the last step; null until then. Runs that share it are the same result.</summary>
    public string? FinalSha256 { get; init; }
}

/// <summary>One of the paper's figures.</summary>
/// <param name="Name">What it counts.</param>
/// <param name="Paper">The paper's value.</param>
/// <param name="Run">This run's value; null: not known yet.</param>
/// <param name="Matches">Whether they are the same; null: not known yet.</param>
/// <param name="Note">What is known about a difference.</param>
public sealed record PaperFigure(string Name, string Paper, string? Run, [property: JsonPropertyName("met")] bool? Matches, string? Note = null);
