using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;

namespace LoraLab.Contracts.Compare;

/// <summary>Runs side by side.</summary>
public sealed record CompareDocument
{
    /// <summary>One for each run, in the order asked for.</summary>
    public IReadOnlyList<CompareRow> Rows { get; init; } = [];

    /// <summary>Fields of the specification that are not the same in all runs (name, notes, tags and priority left out).</summary>
    public IReadOnlyList<SpecDifference> Differences { get; init; } = [];

    /// <summary>Sentences that keep the reader honest, for example "1 seed a method: this compares checkpoints, not methods".</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <summary>One run in a comparison.</summary>
public sealed record CompareRow
{
    /// <summary>The run's id.</summary>
    public required string RunId { get; init; }

    /// <summary>Display name.</summary>
    public required string Name { get; init; }

    /// <summary>Method id.</summary>
    public required string Method { get; init; }

    /// <summary>Colour in charts.</summary>
    public required string Color { get; init; }

    /// <summary>State.</summary>
    public RunState State { get; init; }

    /// <summary>Results.</summary>
    public RunSummary Summary { get; init; } = new();

    /// <summary>Where the memory figure comes from.</summary>
    public string? MemorySource { get; init; }
}

/// <summary>A field in which runs differ.</summary>
/// <param name="Field">Dotted JSON name.</param>
/// <param name="Values">Value of each run by its id.</param>
public sealed record SpecDifference(string Field, IReadOnlyDictionary<string, JsonNode?> Values);
