using System.Text.Json.Nodes;

namespace LoraLab.Contracts.Experiments.Sweeps;

/// <summary>A field of the specification that is searched, and what it may be.</summary>
public sealed record SweepField
{
    /// <summary>JSON name, with a dot for an option of the method, for example <c>learningRate</c> or <c>methodOptions.lrRatio</c>.</summary>
    public required string Field { get; init; }

    /// <summary>What it may be.</summary>
    public SweepRange Range { get; init; }

    /// <summary>The values of a choice.</summary>
    public IReadOnlyList<JsonNode?>? Values { get; init; }

    /// <summary>Smallest value of a range.</summary>
    public double? Low { get; init; }

    /// <summary>Largest value of a range.</summary>
    public double? High { get; init; }

    /// <summary>Into how many values a grid divides the range, both ends included; whole numbers may leave it out: each is one.</summary>
    public int? Steps { get; init; }
}

/// <summary>What a field may be.</summary>
public enum SweepRange
{
    /// <summary>One of some values.</summary>
    Choice,

    /// <summary>A number between two, every one as likely.</summary>
    Uniform,

    /// <summary>A positive number between two, every order of magnitude as likely.</summary>
    LogUniform,

    /// <summary>A whole number between two, both included.</summary>
    Integer,
}
