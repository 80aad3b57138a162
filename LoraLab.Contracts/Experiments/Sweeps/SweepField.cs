using System.ComponentModel.DataAnnotations;
using System.Text.Json.Nodes;

namespace LoraLab.Contracts.Experiments.Sweeps;

/// <summary>Kinds of range.</summary>
public enum SweepRange
{
    /// <summary>One of a list of values.</summary>
    Choice,

    /// <summary>A number, uniformly distributed.</summary>
    Uniform,

    /// <summary>A positive number, log-uniformly distributed.</summary>
    LogUniform,

    /// <summary>An integer, bounds included.</summary>
    Integer,
}

/// <summary>A searched field of the specification and its range.</summary>
public sealed record SweepField
{
    /// <summary>JSON name, dotted for an option of the method, for example <c>learningRate</c> or <c>methodOptions.lrRatio</c>.</summary>
    [MinLength(1)]
    public required string Field { get; init; }

    /// <summary>Kind of range.</summary>
    public SweepRange Range { get; init; }

    /// <summary>Values of a choice.</summary>
    [MinLength(1), MaxLength(SweepLimits.Choices)]
    public IReadOnlyList<JsonNode?>? Values { get; init; }

    /// <summary>Lower bound of a range.</summary>
    public double? Low { get; init; }

    /// <summary>Upper bound of a range.</summary>
    public double? High { get; init; }

    /// <summary>Number of grid values in the range, both ends included; optional for integers: every integer is a value.</summary>
    [Range(1, SweepLimits.Steps)]
    public int? Steps { get; init; }
}
