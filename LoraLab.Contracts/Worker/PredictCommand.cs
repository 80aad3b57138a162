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

    /// <summary>Ids of the runs, all of one model; empty: only the model is asked.</summary>
    public IReadOnlyList<string> Runs { get; init; } = [];

    /// <summary>Name of the model that is asked without an adapter, before the runs; null: only the runs are asked.</summary>
    public string? Model { get; init; }

    /// <summary>Inputs, by column.</summary>
    public IReadOnlyList<IReadOnlyDictionary<string, string>>? Inputs { get; init; }

    /// <summary>Prompt of the inputs; null: those of the runs.</summary>
    public string? Template { get; init; }

    /// <summary>Labels; null: those of the runs.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>Number of labels to list.</summary>
    public int? TopK { get; init; }

    /// <summary>Text to continue.</summary>
    public string? Prompt { get; init; }

    /// <summary>How a text is generated.</summary>
    public GenerateOptions? Generate { get; init; }

    /// <summary>Seconds that the answers may take once the model is loaded.</summary>
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

    /// <summary>The answers of those asked; null: there is an error.</summary>
    public IReadOnlyList<PredictResult>? Answers { get; init; }

    /// <summary>What is wrong, in one sentence; null: nothing.</summary>
    public string? Error { get; init; }

    /// <summary>The member of the request that is wrong; null: it is not the request.</summary>
    public string? Field { get; init; }

    /// <summary>True: a run cannot predict as it is now.</summary>
    public bool Conflict { get; init; }

    /// <summary>True: the prediction took too long.</summary>
    public bool TimedOut { get; init; }
}
