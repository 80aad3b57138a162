using System.ComponentModel.DataAnnotations;

namespace LoraLab.Contracts.Runs;

/// <summary>What a trained run is asked: either inputs for its prompt, or a text to continue.</summary>
public sealed record PredictRequest
{
    /// <summary>The text of each column that the run's prompt names, for each input; null: a prompt is given.</summary>
    [MinLength(1), MaxLength(PredictLimits.Inputs)]
    public IReadOnlyList<IReadOnlyDictionary<string, string>>? Inputs { get; init; }

    /// <summary>Which of the run's adapters is asked, where its name does not say; null: the last.</summary>
    public AdapterChoice? Which { get; init; }

    /// <summary>Number of labels that are listed with their probabilities, the most probable first; null: none.</summary>
    [Range(1, PredictLimits.Labels)]
    public int? TopK { get; init; }

    /// <summary>Text to continue as it is; empty: what the tokenizer puts in front of a text. Null: inputs are given.</summary>
    public string? Prompt { get; init; }

    /// <summary>How a text is generated; null: the most probable 64 tokens. Only where a text is generated.</summary>
    public GenerateOptions? Generate { get; init; }
}
