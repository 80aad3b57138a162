using System.Text.Json.Serialization;

namespace LoraLab.Contracts.Metrics;

/// <summary>Metric series of one run.</summary>
/// <param name="RunId">The run.</param>
/// <param name="Series">Series by key.</param>
public sealed record RunMetrics(string RunId, IReadOnlyDictionary<string, MetricSeries> Series)
{
    /// <summary>On the live channel: points beyond this step that were told before are an earlier attempt's and count no more; null: all count.</summary>
    public int? SupersededAfter { get; init; }
}

/// <summary>One metric over the steps of a run, as columns.</summary>
public sealed record MetricSeries
{
    /// <summary>Steps.</summary>
    public IReadOnlyList<int> X { get; init; } = [];

    /// <summary>Values; null where not finite, see <see cref="NonFinite"/>.</summary>
    public IReadOnlyList<double?> Y { get; init; } = [];

    /// <summary>Points whose value is NaN or infinite.</summary>
    public IReadOnlyList<NonFinitePoint> NonFinite { get; init; } = [];
}

/// <summary>A value that JSON numbers cannot hold.</summary>
/// <param name="Index">Index in the series.</param>
/// <param name="Step">Step.</param>
/// <param name="Value"><c>NaN</c>, <c>Infinity</c> or <c>-Infinity</c>.</param>
public sealed record NonFinitePoint([property: JsonPropertyName("i")] int Index, [property: JsonPropertyName("x")] int Step, [property: JsonPropertyName("v")] string Value);

/// <summary>Predictions of one evaluation.</summary>
/// <param name="Step">Step of the evaluation.</param>
/// <param name="Labels">Label words in label order.</param>
/// <param name="Items">One for each row.</param>
public sealed record PredictionSet(int Step, IReadOnlyList<string> Labels, IReadOnlyList<Prediction> Items);

/// <summary>The prediction for one evaluation row.</summary>
/// <param name="Row">Row in the evaluation file, from 0.</param>
/// <param name="Label">True label's index.</param>
/// <param name="Predicted">Predicted label's index.</param>
/// <param name="Scores">Log-probability of each label.</param>
public sealed record Prediction(int Row, int Label, int Predicted, IReadOnlyList<double> Scores);
