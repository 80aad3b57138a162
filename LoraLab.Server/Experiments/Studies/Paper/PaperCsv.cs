using System.Globalization;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using LoraLab.Server.Experiments.Studies.Evidence;

namespace LoraLab.Server.Experiments.Studies.Paper;

/// <summary>The numbers behind tables and figures as CSV, with full precision.</summary>
internal static class PaperCsv
{
    /// <summary>One row per run, including those that do not count.</summary>
    public static string Runs(StudyEvidence evidence, MetricCatalog? catalog = null)
    {
        IReadOnlyList<MetricDescriptor> metrics = Metrics(evidence, catalog);
        HashSet<string> counted =
            [.. evidence.Reported.Concat(evidence.Selection).SelectMany(group => group.Counted).Select(run => run.Id)];
        CsvLines text = new();
        text.Add(
        [
            .. new[]
            {
                "runId", "method", "stage", "cell", "seed", "state", "endReason", "counted", "learningRate", "learningRateB", "rank",
                "alpha",
            },
            .. metrics.Select(metric => metric.ShortKey),
            .. new[]
            {
                "correct", "evalRows", "trainSeconds", "evalSeconds", "loadSeconds", "peakMemoryMb", "memorySource", "trainableParameters",
                "trainTokens", "device", "deviceName", "finalSha256", "error",
            },
        ]);
        foreach (EvidenceRun run in evidence.Runs)
        {
            RunSummary? summary = run.Document?.Summary;
            text.Add(
            [
                run.Id,
                run.Run.Method,
                Word(run.Run.Stage),
                StudyGroup.Describe(run.Run.Settings),
                Whole(run.Run.Seed),
                Word(run.Document?.State ?? run.Run.State),
                (run.Document?.EndReason ?? run.Run.EndReason) is EndReason reason ? Word(reason) : "",
                counted.Contains(run.Id) ? "true" : "false",
                CsvLines.Number(run.Document?.Spec.LearningRate),
                CsvLines.Number(run.Document?.Spec.LearningRateB),
                run.Document?.Spec is RunSpec ranked && evidence.Uses(ranked, "rank") ? Whole(ranked.Rank) : "",
                run.Document?.Spec is RunSpec scaled && evidence.Uses(scaled, "alpha") ? CsvLines.Number(scaled.Alpha) : "",
                .. metrics.Select(metric => CsvLines.Number(run.Last(metric.Key))),
                Whole(summary?.Correct),
                Whole(summary?.EvalRows),
                CsvLines.Number(run.TrainSeconds),
                CsvLines.Number(summary?.EvalSeconds),
                CsvLines.Number(summary?.LoadSeconds),
                CsvLines.Number(run.PeakMemoryMb),
                run.Environment?.MemorySource,
                Whole(summary?.TrainableParameters),
                Whole(summary?.TrainTokens),
                run.Environment?.Device,
                run.Environment?.DeviceName,
                run.Fingerprint?.Adapter.FinalSha256,
                run.Document?.Error ?? run.Run.Error,
            ]);
        }

        return text.ToString();
    }

    /// <summary>One row per evaluation of a finished run.</summary>
    public static string Curves(StudyEvidence evidence, MetricCatalog? catalog = null)
    {
        IReadOnlyList<MetricDescriptor> metrics = Metrics(evidence, catalog);
        CsvLines text = new();
        text.Add(["runId", "method", "stage", "cell", "seed", "step", .. metrics.Select(metric => metric.ShortKey)]);
        foreach (EvidenceRun run in evidence.Runs)
        {
            Dictionary<int, double>[] curves =
                [.. metrics.Select(metric => run.Curve(metric.Key).Points.ToDictionary(point => point.Step, point => point.Value))];
            foreach (int step in curves.SelectMany(curve => curve.Keys).Distinct().Order())
            {
                text.Add(
                [
                    run.Id,
                    run.Run.Method,
                    Word(run.Run.Stage),
                    StudyGroup.Describe(run.Run.Settings),
                    Whole(run.Run.Seed),
                    Whole(step),
                    .. curves.Select(curve => curve.TryGetValue(step, out double value) ? CsvLines.Number(value) : ""),
                ]);
            }
        }

        return text.ToString();
    }

    /// <summary>The metrics of the task with a column in tables of runs, and the loss.</summary>
    private static IReadOnlyList<MetricDescriptor> Metrics(StudyEvidence evidence, MetricCatalog? catalog)
    {
        catalog ??= MetricCatalog.Default;
        HashSet<string> columns = [.. TaskDescriptors.Columns([evidence.Task], catalog).Select(metric => metric.Key), MetricKeys
            .EvalLoss];
        return [.. catalog.Evaluated.Where(metric => columns.Contains(metric.Key))];
    }

    /// <summary>One row per sentence of the last evaluation of a finished run.</summary>
    public static string Predictions(StudyEvidence evidence)
    {
        CsvLines text = new();
        if (evidence.Task.Id == TaskDescriptors.Completion.Id)
        {
            return Texts(evidence, text);
        }

        text.Add("runId", "method", "stage", "seed", "step", "row", "label", "predicted", "scores");
        foreach (EvidenceRun run in evidence.Runs)
        {
            foreach (Prediction item in run.Predictions?.Items ?? [])
            {
                text.Add(
                    run.Id,
                    run.Run.Method,
                    Word(run.Run.Stage),
                    Whole(run.Run.Seed),
                    Whole(run.Predictions!.Step),
                    Whole(item.Row),
                    Whole(item.Label),
                    Whole(item.Predicted),
                    string.Join(' ', item.Scores.Select(score => CsvLines.Number(score))));
            }
        }

        return text.ToString();
    }

    private static string Texts(StudyEvidence evidence, CsvLines text)
    {
        List<string> metrics = [.. evidence.Runs.SelectMany(run => run.Predictions?.Items ?? []).SelectMany(item => item.Metrics.Keys)
            .Distinct()];
        text.Add(["runId", "method", "stage", "seed", "step", .. evidence.Task.PredictionColumns, .. metrics]);
        foreach (EvidenceRun run in evidence.Runs)
        {
            foreach (Prediction item in run.Predictions?.Items ?? [])
            {
                text.Add(
                [
                    run.Id,
                    run.Run.Method,
                    Word(run.Run.Stage),
                    Whole(run.Run.Seed),
                    Whole(run.Predictions!.Step),
                    Whole(item.Row),
                    CsvLines.Number(item.Loss),
                    item.Tokens?.ToJsonString(),
                    item.Generated,
                    .. metrics.Select(metric => CsvLines.Number(item.Metrics.TryGetValue(metric, out double value) ? value : null)),
                ]);
            }
        }

        return text.ToString();
    }

    /// <summary>One row per grid cell on the selection split.</summary>
    public static string Selection(StudyEvidence evidence)
    {
        List<string> fields =
        [
            .. evidence.Study.Arms.SelectMany(arm => arm.Cells).SelectMany(cell => cell.Settings.Select(setting => setting.Key)).Distinct(),
        ];
        CsvLines text = new();
        IEnumerable<string> results = evidence.Metric.Key == MetricKeys.EvalLoss ? [] : [evidence.Metric.ShortKey];
        text.Add(["method", .. fields, "runId", .. results, "evalLoss", "extension", "chosen", "place"]);
        foreach (StudyArm arm in evidence.Study.Arms)
        {
            string? selected = arm.Selected is null ? null : StudyGroup.Key(arm.Selected);
            foreach (StudyCell cell in arm.Cells)
            {
                bool isSelected = StudyGroup.Key(cell.Settings) == selected;
                text.Add(
                [
                    arm.Method,
                    .. fields.Select(field => CsvLines.Plain(cell.Settings[field])),
                    cell.RunId,
                    .. results.Select(_ => CsvLines.Number(cell.Result)),
                    CsvLines.Number(cell.Loss),
                    cell.Extension ? "true" : "false",
                    isSelected ? "true" : "false",
                    isSelected && arm.Position is GridPosition place ? Word(place) : "",
                ]);
            }
        }

        return text.ToString();
    }

    /// <summary>One row per number behind a claim.</summary>
    public static string Claims(IReadOnlyList<StudyClaim> claims)
    {
        CsvLines text = new();
        text.Add("claim", "verdict", "onPaper", "reading", "label", "value", "low", "high", "n", "p", "note");
        foreach (StudyClaim claim in claims)
        {
            foreach (ClaimEvidence? figure in claim.Evidence.Count > 0 ? claim.Evidence : [null!])
            {
                text.Add(
                    claim.Id,
                    Word(claim.Verdict),
                    claim.MatchesPaper ? "true" : "false",
                    claim.Finding,
                    figure?.Label,
                    CsvLines.Number(figure?.Value),
                    CsvLines.Number(figure?.Low),
                    CsvLines.Number(figure?.High),
                    Whole(figure?.N),
                    CsvLines.Number(figure?.P),
                    figure?.Note);
            }
        }

        return text.ToString();
    }

    private static string? Whole(long? value) => value?.ToString(CultureInfo.InvariantCulture);

    private static string Word<T>(T value)
        where T : struct, Enum
    {
        string name = value.ToString();
        return char.ToLowerInvariant(name[0]) + name[1..];
    }
}
