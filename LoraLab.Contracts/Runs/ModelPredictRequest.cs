using System.ComponentModel.DataAnnotations;

namespace LoraLab.Contracts.Runs;

/// <summary>
/// What a model without an adapter is asked, or several runs side by side: either inputs for a prompt with labels, or a text to continue.
/// </summary>
public sealed record ModelPredictRequest
{
    /// <summary>Name of the model; beside runs it is theirs. Null: only the runs are asked.</summary>
    [StringLength(int.MaxValue, MinimumLength = 1)]
    public string? Model { get; init; }

    /// <summary>Ids of the runs that are asked, of one model and one task; null: only the model is asked.</summary>
    [MinLength(1), MaxLength(PredictLimits.Runs)]
    public IReadOnlyList<string>? Runs { get; init; }

    /// <summary>The text of each column that the template names, for each input; null: a prompt is given.</summary>
    [MinLength(1), MaxLength(PredictLimits.Inputs)]
    public IReadOnlyList<IReadOnlyDictionary<string, string>>? Inputs { get; init; }

    /// <summary>
    /// Prompt of the inputs, a preset or a template as in a run specification; null: a prompt is given, or the prompts are those of the
    /// runs.
    /// </summary>
    public string? Template { get; init; }

    /// <summary>Labels that are scored after the template; null: a prompt is given, or the labels are those of the runs.</summary>
    [MinLength(2), MaxLength(PredictLimits.Labels), StringLength(int.MaxValue, MinimumLength = 1)]
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>Number of labels that are listed with their probabilities, the most probable first; null: none.</summary>
    [Range(1, PredictLimits.Labels)]
    public int? TopK { get; init; }

    /// <summary>Text to continue as it is; empty: what the tokenizer puts in front of a text. Null: inputs are given.</summary>
    public string? Prompt { get; init; }

    /// <summary>How a text is generated; null: the most probable 64 tokens. Only where a text is generated.</summary>
    public GenerateOptions? Generate { get; init; }
}
