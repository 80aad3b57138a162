namespace LoraLab.Contracts.Runs;

/// <summary>Predictions of a run or a model, and where they were computed.</summary>
public sealed record PredictResult
{
    /// <summary>Id of the run; null: the model without an adapter.</summary>
    public string? Run { get; init; }

    /// <summary>Name of the model.</summary>
    public required string Model { get; init; }

    /// <summary>A prediction per input, or one for the prompt.</summary>
    public required IReadOnlyList<PredictedItem> Items { get; init; }

    /// <summary>The labels, in the order of the scores; empty: a text was generated.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>Device, <c>cpu</c> or <c>cuda:N</c>.</summary>
    public required string Device { get; init; }

    /// <summary>Precision of the base weights.</summary>
    public Precision Precision { get; init; }

    /// <summary>Threads of the tensor library.</summary>
    public int Threads { get; init; }

    /// <summary>Seconds that the predictions took.</summary>
    public double Seconds { get; init; }

    /// <summary>Seconds that loading the model and the adapter took before; 0: they were loaded.</summary>
    public double LoadSeconds { get; init; }
}

/// <summary>The prediction of an input or a prompt.</summary>
public sealed record PredictedItem
{
    /// <summary>The text that the model read.</summary>
    public required string Prompt { get; init; }

    /// <summary>Its tokens, with what the tokenizer puts in front.</summary>
    public int Tokens { get; init; }

    /// <summary>Score of each label, as in the predictions of the run; null: a text was generated.</summary>
    public IReadOnlyList<double>? Scores { get; init; }

    /// <summary>Index of the predicted label; null: a text was generated.</summary>
    public int? Predicted { get; init; }

    /// <summary>The most probable labels; null: not requested.</summary>
    public IReadOnlyList<RankedLabel>? Top { get; init; }

    /// <summary>The generated text, up to a stop text; null: labels were scored.</summary>
    public string? Generated { get; init; }

    /// <summary>Number of generated tokens; null: labels were scored.</summary>
    public int? GeneratedTokens { get; init; }

    /// <summary>Why the generated text ended: <c>eos</c>, <c>text</c> or <c>length</c>; null: labels were scored.</summary>
    public string? Stop { get; init; }
}

/// <summary>A label with its probability.</summary>
/// <param name="Label">The label.</param>
/// <param name="Index">Its index.</param>
/// <param name="Score">Its score.</param>
/// <param name="Probability">The exponential of the score, divided by the sum of those of all labels.</param>
public sealed record RankedLabel(string Label, int Index, double Score, double Probability);
