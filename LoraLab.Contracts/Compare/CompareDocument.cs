using System.Text.Json.Nodes;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;

namespace LoraLab.Contracts.Compare;

/// <summary>A comparison of runs.</summary>
public sealed record CompareDocument
{
    /// <summary>One row per run, in the order requested.</summary>
    public IReadOnlyList<CompareRow> Rows { get; init; } = [];

    /// <summary>Ids of the request that no run has; they are left out.</summary>
    public IReadOnlyList<string> Missing { get; init; } = [];

    /// <summary>The best values that were shown to differ from all others of their column.</summary>
    public IReadOnlyList<CompareMark> Marks { get; init; } = [];

    /// <summary>By how much a time and a peak memory must differ to be marked as the best.</summary>
    public CompareMargins Margins { get; init; } = new();

    /// <summary>Specification fields that differ between runs (except name, notes, tags and priority).</summary>
    public IReadOnlyList<SpecDifference> Differences { get; init; } = [];

    /// <summary>What the comparison shows, in one sentence that names the metric; null: there are not two results.</summary>
    public string? Verdict { get; init; }

    /// <summary>Caveats, for example "1 seed per method: this compares checkpoints, not methods".</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>
    /// Properties that two runs must share for a paired test: evaluation rows, prompt, label ids, base weights, tokenizer.
    /// </summary>
    public IReadOnlyList<CompareRequirement> Requirements { get; init; } = [];

    /// <summary>
    /// Everything else that differs between runs, in the specification (except seeds), the fingerprint and the environment: possible
    /// confounders.
    /// </summary>
    public IReadOnlyList<CompareFactor> Factors { get; init; } = [];

    /// <summary>Tests of every pair of runs: two checkpoints on the same rows.</summary>
    public PairedTests PairedTests { get; init; } = new();

    /// <summary>Comparison of methods over seeds.</summary>
    public MethodComparison Methods { get; init; } = new();
}

/// <summary>A run in a comparison.</summary>
public sealed record CompareRow
{
    /// <summary>The run's id.</summary>
    public required string RunId { get; init; }

    /// <summary>Display name.</summary>
    public required string Name { get; init; }

    /// <summary>The display name, followed by the run's id where another run of the comparison has the same name.</summary>
    public string Label
    {
        get => field ?? Name;
        init;
    }

    /// <summary>Id of the task that the run's dataset is for.</summary>
    public string Task { get; init; } = "classification";

    /// <summary>Key of the run's primary metric; null in documents of earlier versions: that of the task.</summary>
    public string? Metric { get; init; }

    /// <summary>Method id.</summary>
    public required string Method { get; init; }

    /// <summary>Color in charts, <c>#rrggbb</c>.</summary>
    public required string Color { get; init; }

    /// <summary>State.</summary>
    public RunState State { get; init; }

    /// <summary>Results.</summary>
    public RunSummary Summary { get; init; } = new();

    /// <summary>Source of the memory figure.</summary>
    public string? MemorySource { get; init; }

    /// <summary>Accuracy of the last evaluation with its Wilson interval; null before the first evaluation, or without accuracy.</summary>
    public ProportionEstimate? Accuracy { get; init; }

    /// <summary>Macro-F1 of the last evaluation, in [0, 1]; a class that is never predicted has an F1 of 0.</summary>
    public double? MacroF1 => Summary[MetricKeys.EvalMacroF1]?.Last;

    /// <summary>Share of the most frequent label among the evaluation rows.</summary>
    public double? MajorityBaseline { get; init; }

    /// <summary>The best evaluation of all by the primary metric of the run.</summary>
    public BestEvaluation? Best { get; init; }

    /// <summary>Seed of the adapter's initial values and of dropout.</summary>
    public long Seed { get; init; }

    /// <summary>Seed of the order of the training sentences; null: the subset's order.</summary>
    public long? OrderSeed { get; init; }

    /// <summary>Hash of the final factors, from the fingerprint; runs that share it are one result. Null: unknown.</summary>
    public string? FinalSha256 { get; init; }

    /// <summary>Returns the rows with their <see cref="Label"/>, which is unique among them.</summary>
    public static IReadOnlyList<CompareRow> WithLabels(IReadOnlyList<CompareRow> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        HashSet<string> shared =
            [.. rows.GroupBy(row => row.Name, StringComparer.Ordinal).Where(same => same.Skip(1).Any()).Select(same => same.Key)];
        return [.. rows.Select(row => row with { Label = shared.Contains(row.Name) ? $"{row.Name} ({row.RunId})" : row.Name })];
    }
}

/// <summary>A field that differs between runs.</summary>
/// <param name="Field">Dotted JSON name.</param>
/// <param name="Values">Values by run id.</param>
public sealed record SpecDifference(string Field, IReadOnlyDictionary<string, JsonNode?> Values);
