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

    /// <summary>What must be the same in two runs for a paired test: evaluation rows, prompt, label ids, base weights, tokenizer.</summary>
    public IReadOnlyList<CompareRequirement> Requirements { get; init; } = [];

    /// <summary>Everything else that is not the same in all runs, of the specification (its seeds left out), the fingerprint and the environment: each may be what makes a difference.</summary>
    public IReadOnlyList<CompareFactor> Factors { get; init; } = [];

    /// <summary>Every pair of runs: two checkpoints on the same rows.</summary>
    public PairedTests PairedTests { get; init; } = new();

    /// <summary>Methods over seeds.</summary>
    public MethodComparison Methods { get; init; } = new();
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

    /// <summary>Accuracy of the last evaluation with its Wilson interval; null before the first.</summary>
    public ProportionEstimate? Accuracy { get; init; }

    /// <summary>Macro-F1 of the last evaluation, in [0, 1]; a class that is never predicted has F1 0.</summary>
    public double? MacroF1 { get; init; }

    /// <summary>Share of the most frequent label among the evaluation rows.</summary>
    public double? MajorityBaseline { get; init; }

    /// <summary>The best accuracy of all evaluations.</summary>
    public BestEvaluation? Best { get; init; }

    /// <summary>Seed of the adapter's initial values and of dropout.</summary>
    public long Seed { get; init; }

    /// <summary>Seed of the order of the training sentences; null: the subset's own order.</summary>
    public long? OrderSeed { get; init; }

    /// <summary>Hash of the final factors, from the fingerprint; runs that share it are one result. Null: not known.</summary>
    public string? FinalSha256 { get; init; }
}

/// <summary>A field in which runs differ.</summary>
/// <param name="Field">Dotted JSON name.</param>
/// <param name="Values">Value of each run by its id.</param>
public sealed record SpecDifference(string Field, IReadOnlyDictionary<string, JsonNode?> Values);
