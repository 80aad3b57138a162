using LoraLab.Contracts.Runs;

namespace LoraLab.Contracts.Worker;

/// <summary>
/// A request to the trainer's hidden verb <c>predict</c>: one JSON object per line on stdin, answered by lines on stdout. Requests are
/// answered one after another; the end of stdin means that the server is gone.
/// </summary>
public sealed record PredictCommand
{
    /// <summary>Request id, repeated in the answers.</summary>
    public long Id { get; init; }

    /// <summary>True: the request with this id is not needed anymore.</summary>
    public bool Cancel { get; init; }

    /// <summary>Id of the run; null: a model without an adapter.</summary>
    public string? Run { get; init; }

    /// <summary>Name of the model; null: that of the run.</summary>
    public string? Model { get; init; }

    /// <summary>Inputs, by column.</summary>
    public IReadOnlyList<IReadOnlyDictionary<string, string>>? Inputs { get; init; }

    /// <summary>Prompt of the inputs; null: that of the run.</summary>
    public string? Template { get; init; }

    /// <summary>Labels; null: those of the run.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>Number of labels to list.</summary>
    public int? TopK { get; init; }

    /// <summary>Text to continue.</summary>
    public string? Prompt { get; init; }

    /// <summary>How a text is generated.</summary>
    public GenerateOptions? Generate { get; init; }

    /// <summary>Seconds that the prediction may take once the model is loaded.</summary>
    public double Seconds { get; init; } = PredictLimits.Seconds;
}

/// <summary>
/// An answer to a <see cref="PredictCommand"/>. One with <see cref="Loaded"/> comes before the result or error when the model is loaded.
/// </summary>
public sealed record PredictAnswer
{
    /// <summary>Id of the request.</summary>
    public long Id { get; init; }

    /// <summary>True: the model is loaded, and the prediction begins.</summary>
    public bool Loaded { get; init; }

    /// <summary>The predictions; null: there is an error.</summary>
    public PredictResult? Result { get; init; }

    /// <summary>What is wrong, in one sentence; null: nothing.</summary>
    public string? Error { get; init; }

    /// <summary>The member of the request that is wrong; null: it is not the request.</summary>
    public string? Field { get; init; }

    /// <summary>True: the run cannot predict as it is now.</summary>
    public bool Conflict { get; init; }

    /// <summary>True: the prediction took too long.</summary>
    public bool TimedOut { get; init; }
}
