using System.Text.Json.Serialization;

namespace LoraLab.Benchmarks.Protocol;

/// <summary>One row of the results.</summary>
internal sealed record Finding
{
    /// <summary>Name of the measurement.</summary>
    public required string Measurement { get; init; }

    /// <summary>Description of the value.</summary>
    [JsonPropertyName("what")]
    public required string Description { get; init; }

    /// <summary>Name of side A, the baseline.</summary>
    public string? A { get; init; }

    /// <summary>Name of side B.</summary>
    public string? B { get; init; }

    /// <summary>Unit of the value, for example <c>× (A / B)</c>.</summary>
    public required string Unit { get; init; }

    /// <summary>The value, with its range over the repeats if it was timed.</summary>
    public Spread? Value { get; init; }

    /// <summary>The same in wall time, if the value is CPU time.</summary>
    public double? Wall { get; init; }

    /// <summary>Ratio of a side to itself.</summary>
    public Spread? Control { get; init; }

    /// <summary>Clock; null: the value was counted.</summary>
    public Clock? Clock { get; init; }

    /// <summary>Target of the value; null: none.</summary>
    public Target? Target { get; init; }

    /// <summary>Whether the target is met.</summary>
    public Verdict Verdict { get; init; }

    /// <summary>Absolute values behind the ratio, by name with unit.</summary>
    public IReadOnlyDictionary<string, double> Details { get; init; } = new Dictionary<string, double>();

    /// <summary>Context needed to interpret the value.</summary>
    public string? Note { get; init; }

    /// <summary>Returns the finding with its verdict by the rules of the protocol.</summary>
    public Finding WithVerdict() => this with { Verdict = Judge() };

    private Verdict Judge()
    {
        if (Value is null)
        {
            return Verdict.NotMeasured;
        }

        if (Target is not Target target)
        {
            return Verdict.Informative;
        }

        if (!target.Meets(Value.Median, target.Must))
        {
            return Verdict.Missed;
        }

        if (!target.Meets(target.Worst(Value), target.Must) || (Control is not null && Control.Width >= target.Gain / 4))
        {
            return Verdict.Unproven;
        }

        return target.Reach is double reach && target.Meets(Value.Median, reach) ? Verdict.Reached : Verdict.Met;
    }
}
