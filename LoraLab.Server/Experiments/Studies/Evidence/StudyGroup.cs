using System.Globalization;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Server.Comparison;

namespace LoraLab.Server.Experiments.Studies.Evidence;

/// <summary>The runs of one method, cell and stage of a study, which differ in their seeds only.</summary>
internal sealed class StudyGroup
{
    /// <summary>Why a run with the final weights or the seed of an earlier one does not count.</summary>
    public const string Repeated = "duplicates a result that is already counted";

    public StudyGroup(StudyArm arm, StudyStage stage, JsonObject settings, string? cell, IReadOnlyList<EvidenceRun> runs)
    {
        Arm = arm;
        Stage = stage;
        Cell = cell;
        Settings = settings;
        Runs = runs;
        List<EvidenceRun> finished = [.. runs.Where(run => run.Counts).OrderBy(run => run.Run.Seed)];
        // Runs with identical final weights are one result, whatever their seeds; a seed counts once.
        Counted = [.. finished.DistinctBy(run => run.Run.Seed).DistinctBy(run => run.Fingerprint?.Adapter.FinalSha256 ?? run.Id)];
        Rates = (Counted.FirstOrDefault() ?? runs.FirstOrDefault(run => run.Document is not null))?.Document is { } document
            ? LearningRates.Of(document.Spec)
            : null;
        HashSet<string> counted = [.. Counted.Select(run => run.Id)];
        Notes =
        [
            .. runs.Where(run => !run.Counts && run.Ended).Select(run =>
                string.Create(CultureInfo.InvariantCulture, $"{Label}, seed {run.Run.Seed}: run {run.Id} {run.ExclusionReason()}.")),
            .. UnfinishedNote(runs),
            .. finished.Where(run => !counted.Contains(run.Id))
                .Select(run => string.Create(CultureInfo.InvariantCulture, $"{Label}, seed {run.Run.Seed}: run {run.Id} {Repeated}.")),
        ];
    }

    public StudyArm Arm { get; }

    public StudyStage Stage { get; }

    public JsonObject Settings { get; }

    public IReadOnlyList<EvidenceRun> Runs { get; }

    /// <summary>One finished run per seed, in the order of the seeds.</summary>
    public IReadOnlyList<EvidenceRun> Counted { get; }

    public LearningRates? Rates { get; }

    /// <summary>One sentence per run that does not count, with the reason.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>Method and cell; only the method if it has one cell at this stage.</summary>
    public string Label => Cell is null ? Arm.Label : $"{Arm.Label} ({Cell})";

    /// <summary>The values of the cell; null if the method has one cell at this stage.</summary>
    public string? Cell { get; }

    private IEnumerable<string> UnfinishedNote(IReadOnlyList<EvidenceRun> runs)
    {
        List<string> seeds = [.. runs.Where(run => !run.Ended).Select(run => run.Run.Seed.ToString(CultureInfo.InvariantCulture))];
        return seeds.Count == 0
            ? []
            : [$"{Label}: {NumberFormat.Count(seeds.Count, "run")} not ended yet (seed {string.Join(", ", seeds)})."];
    }

    /// <summary>The values of a cell as text.</summary>
    public static string Describe(JsonObject settings) => settings.Count == 0
        ? "no grid"
        : SettingFormat.FormatAll(settings);

    /// <summary>A key that is equal for equal cells.</summary>
    public static string Key(JsonObject settings) =>
        string.Join('\n', settings.OrderBy(setting => setting.Key, StringComparer.Ordinal)
            .Select(setting => $"{setting.Key}={SpecDifferences.Canonical(setting.Value)}"));

    /// <summary>The value of each counted run by seed; seeds without a value are omitted.</summary>
    public Dictionary<long, double> BySeed(Func<EvidenceRun, double?> read) =>
        Counted.Where(run => read(run) is not null).ToDictionary(run => run.Run.Seed, run => read(run)!.Value);
}
