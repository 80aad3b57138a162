using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Comparison.Statistics;

namespace LoraLab.Server.Comparison;

/// <summary>Compares runs: last evaluations, differences, pairwise tests of checkpoints on the same rows, and methods over seeds.</summary>
internal static class RunComparison
{
    public static CompareDocument Of(ComparedSelection selection)
    {
        IReadOnlyList<ComparedRun> runs = selection.Runs;
        IReadOnlyList<SpecDifference> differences = SpecDifferences.Find([.. runs.Select(run => run.Document)]);
        IReadOnlyList<CompareRow> rows = CompareRow.WithLabels([.. runs.Select(Row)]);
        IReadOnlyList<SeedGroup> groups = MethodGroups.Of(runs);
        FactorTable factors = new(runs);
        PairedTests tests = PairedMatrix.Of(runs, factors);
        MethodComparison methods = MethodPairs.Of(groups, factors);
        CompareMargins margins = MeasuredMargins.Of(groups);
        return new CompareDocument
        {
            Rows = rows,
            Missing = selection.Missing,
            Marks = CompareMarks.Of(runs, tests, margins),
            Margins = margins,
            Verdict = CompareVerdict.Of(
                rows, tests, methods, ids => VerdictConditions.Unlike([.. runs.Where(run => ids.Contains(run.Id))])),
            Differences = differences,
            Notes = [.. CompareNotes.Of(runs, rows, differences, groups)],
            Requirements = Requirement.Over(runs),
            Factors = factors.All(),
            PairedTests = tests,
            Methods = methods,
        };
    }

    private static CompareRow Row(ComparedRun compared)
    {
        RunDocument run = compared.Document;
        return new CompareRow
        {
            RunId = run.Id,
            Name = run.Name,
            Task = run.Task,
            Metric = compared.Metric.Key,
            Method = run.Spec.Method,
            Color = run.Color,
            State = run.State,
            Summary = run.Summary,
            MemorySource = run.Attempts.LastOrDefault()?.Environment?.MemorySource is { Length: > 0 } source ? source : null,
            Accuracy = Accuracy(run.Summary),
            MajorityBaseline = HasAccuracy(run.Summary) ? run.Summary.MajorityBaseline : null,
            Best = run.Summary[compared.Metric.Key] is { Best: double best } metric
                ? new BestEvaluation(best, metric.BestStep, compared.Evaluations, compared.Evaluations > 1)
                : null,
            Seed = run.Spec.Seed,
            OrderSeed = run.Spec.OrderSeed,
            FinalSha256 = compared.Fingerprint?.Adapter.FinalSha256,
        };
    }

    private static bool HasAccuracy(RunSummary summary) => summary[MetricKeys.EvalAccuracy] is not null;

    private static ProportionEstimate? Accuracy(RunSummary summary)
    {
        if (!HasAccuracy(summary) || summary is not { Correct: int correct, EvalRows: int rows } || correct < 0 || rows < 1
            || correct > rows)
        {
            return null;
        }

        (double low, double high) = WilsonInterval.Of(correct, rows);
        return new ProportionEstimate((double)correct / rows, correct, rows, low, high);
    }
}
