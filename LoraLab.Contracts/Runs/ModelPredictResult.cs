namespace LoraLab.Contracts.Runs;

/// <summary>Predictions of a model, or of those that were asked side by side.</summary>
public sealed record ModelPredictResult
{
    /// <summary>The answers, in the order of the runs and before them that of the model; null: no runs were named.</summary>
    public IReadOnlyList<PredictResult>? Answers { get; init; }

    /// <summary>A prediction per input, or one for the prompt; null: there are several answers.</summary>
    public IReadOnlyList<PredictedItem>? Items { get; init; }

    /// <summary>The labels, in the order of the scores; empty: a text was generated. Null: there are several answers.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>Device, <c>cpu</c> or <c>cuda:N</c>; null: there are several answers.</summary>
    public string? Device { get; init; }

    /// <summary>Precision of the base weights; null: there are several answers.</summary>
    public Precision? Precision { get; init; }

    /// <summary>Threads of the tensor library; null: there are several answers.</summary>
    public int? Threads { get; init; }

    /// <summary>Seconds that the predictions of all answers took.</summary>
    public double Seconds { get; init; }

    /// <summary>Seconds that loading the model and the adapters took before; 0: they were loaded.</summary>
    public double LoadSeconds { get; init; }

    /// <summary>The result of answers, with the members of an answer that is the only one.</summary>
    /// <param name="answers">The answers, at least one.</param>
    /// <param name="named">Whether runs were named.</param>
    public static ModelPredictResult Of(IReadOnlyList<PredictResult> answers, bool named)
    {
        ArgumentNullException.ThrowIfNull(answers);
        PredictResult? only = answers is [PredictResult one] ? one : null;
        return new()
        {
            Answers = named ? answers : null,
            Items = only?.Items,
            Labels = only?.Labels,
            Device = only?.Device,
            Precision = only?.Precision,
            Threads = only?.Threads,
            Seconds = answers.Sum(answer => answer.Seconds),
            LoadSeconds = answers.Sum(answer => answer.LoadSeconds),
        };
    }
}
