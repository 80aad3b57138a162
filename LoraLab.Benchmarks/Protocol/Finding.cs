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

    /// <summary>The time of side B as a share of that of side A, with its verdict.</summary>
    /// <param name="measurement">The measurement.</param>
    /// <param name="sides">Names of the sides.</param>
    /// <param name="compared">Their times; B is side 1.</param>
    /// <param name="target">Target of the share; null: none.</param>
    /// <param name="note">Context needed to interpret it.</param>
    public static Finding OfShare(
        IMeasurement measurement, (string A, string B) sides, Comparison compared, Target? target, string note) => new Finding
        {
            Measurement = measurement.Name,
            Description = measurement.Description,
            A = sides.A,
            B = sides.B,
            Unit = "B / A",
            Value = compared.Share(1),
            Wall = compared.Clock == Protocol.Clock.Cpu ? compared.Share(1, Protocol.Clock.Wall).Median : null,
            Control = compared.ControlRatio,
            Clock = compared.Clock,
            Target = target,
            Details = new Dictionary<string, double> { ["A, s"] = compared.Seconds(0), ["B, s"] = compared.Seconds(1) },
            Note = note,
        }.WithVerdict();

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
