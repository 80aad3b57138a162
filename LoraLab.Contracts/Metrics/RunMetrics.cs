using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace LoraLab.Contracts.Metrics;

/// <summary>Metric series of a run.</summary>
/// <param name="RunId">The run.</param>
/// <param name="Series">Series by key.</param>
public sealed record RunMetrics(string RunId, IReadOnlyDictionary<string, MetricSeries> Series)
{
    /// <summary>
    /// On the live channel: points sent earlier for steps beyond this one belong to a previous attempt and are superseded; null: none.
    /// </summary>
    public int? SupersededAfter { get; init; }
}

/// <summary>A metric over the steps of a run, as columns.</summary>
public sealed record MetricSeries
{
    /// <summary>Steps.</summary>
    public IReadOnlyList<int> X { get; init; } = [];

    /// <summary>Values; null where not finite, see <c>nonFinite</c>.</summary>
    public IReadOnlyList<double?> Y { get; init; } = [];

    /// <summary>Points with a NaN or infinite value.</summary>
    public IReadOnlyList<NonFinitePoint> NonFinite { get; init; } = [];
}

/// <summary>A value that a JSON number cannot represent.</summary>
/// <param name="Index">Index in the series.</param>
/// <param name="Step">Step.</param>
/// <param name="Value"><c>NaN</c>, <c>Infinity</c> or <c>-Infinity</c>.</param>
public sealed record NonFinitePoint(
    [property: JsonPropertyName("i")] int Index,
    [property: JsonPropertyName("x")] int Step,
    [property: JsonPropertyName("v"), AllowedValues("NaN", "Infinity", "-Infinity")] string Value);
