using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Server.Comparison;

namespace LoraLab.Server.Experiments.Studies.Evidence;

/// <summary>Runs of a study that differ in their seeds only: a method with the values of one cell, at one stage.</summary>
internal sealed class StudyGroup
{
    public StudyGroup(StudyArm arm, StudyStage stage, JsonObject settings, string? cell, IReadOnlyList<EvidenceRun> runs)
    {
        Arm = arm;
        Stage = stage;
        Cell = cell;
        Settings = settings;
        Runs = runs;
        List<EvidenceRun> finished = [.. runs.Where(run => run.Counts).OrderBy(run => run.Run.Seed)];
        // Runs that ended with the same weights are one result, whatever their seeds; a seed counts once.
        Counted = [.. finished.DistinctBy(run => run.Run.Seed).DistinctBy(run => run.Fingerprint?.Adapter.FinalSha256 ?? run.Id)];
        Rates = (Counted.FirstOrDefault() ?? runs.FirstOrDefault(run => run.Document is not null))?.Document is { } document ? LearningRates.Of(document.Spec) : null;
        HashSet<string> counted = [.. Counted.Select(run => run.Id)];
        Notes =
        [
            .. runs.Where(run => !run.Counts && run.Ended).Select(run => string.Create(CultureInfo.InvariantCulture, $"{Label}, seed {run.Run.Seed}: run {run.Id} {run.Missing()}.")),
            .. Waiting(runs),
            .. finished.Where(run => !counted.Contains(run.Id)).Select(run => string.Create(CultureInfo.InvariantCulture, $"{Label}, seed {run.Run.Seed}: run {run.Id} repeats a result that is counted already.")),
        ];
    }

    public StudyArm Arm { get; }

    public StudyStage Stage { get; }

    public JsonObject Settings { get; }

    public IReadOnlyList<EvidenceRun> Runs { get; }

    /// <summary>One finished run for each seed, in their order.</summary>
    public IReadOnlyList<EvidenceRun> Counted { get; }

    public LearningRates? Rates { get; }

    /// <summary>What is not counted and why, a sentence each.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>Method and cell; the method alone where it has one cell at this stage.</summary>
    public string Label => Cell is null ? Arm.Label : $"{Arm.Label} ({Cell})";

    /// <summary>The cell's values where the method has several at this stage.</summary>
    public string? Cell { get; }

    private IEnumerable<string> Waiting(IReadOnlyList<EvidenceRun> runs)
    {
        List<string> seeds = [.. runs.Where(run => !run.Ended).Select(run => run.Run.Seed.ToString(CultureInfo.InvariantCulture))];
        return seeds.Count == 0 ? [] : [$"{Label}: {PaperNumbers.Count(seeds.Count, "run")} not ended (seed {string.Join(", ", seeds)})."];
    }

    /// <summary>Values of a cell in words.</summary>
    public static string Words(JsonObject settings) => settings.Count == 0
        ? "no grid"
        : string.Join(", ", settings.Select(setting => $"{setting.Key} {Value(setting.Value)}"));

    /// <summary>A value of a cell: small numbers with an exponent, as rates are written.</summary>
    public static string Value(JsonNode? value) => value?.GetValueKind() == JsonValueKind.Number
        ? PaperNumbers.Setting(double.Parse(SpecDifferences.Canonical(value), CultureInfo.InvariantCulture))
        : CsvLines.Plain(value);

    /// <summary>Text that is the same for cells that are the same.</summary>
    public static string Key(JsonObject settings) =>
        string.Join('\n', settings.OrderBy(setting => setting.Key, StringComparer.Ordinal).Select(setting => $"{setting.Key}={SpecDifferences.Canonical(setting.Value)}"));

    /// <summary>The value of each counted run by its seed; seeds without one are left out.</summary>
    public Dictionary<long, double> BySeed(Func<EvidenceRun, double?> read) =>
        Counted.Where(run => read(run) is not null).ToDictionary(run => run.Run.Seed, run => read(run)!.Value);
}
