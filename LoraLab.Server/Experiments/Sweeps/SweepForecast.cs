using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Experiments.Sweeps.Pruning;
using LoraLab.Server.Experiments.Sweeps.Space;
using LoraLab.Server.Runs.Estimates;
using LoraLab.Server.Scheduling;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Experiments.Sweeps;

/// <summary>The cost of a sweep before it is created: runs, steps, hours, and the savings by pruning.</summary>
internal sealed class SweepForecast(IRunStore store, Lanes lanes)
{
    private const int ShownPoints = 10;

    public SweepPreview Of(PreparedSweep prepared)
    {
        string device = lanes.Everywhere.First(lane => lane.Accepts(prepared.First.Device)).DeviceFor(prepared.First.Device);
        (TimingHistory? timing, string basis) = TimingHistory.Estimate(store, prepared.First, device);
        (long steps, double? seconds) = Full(prepared, timing);
        return new SweepPreview
        {
            Plan = prepared.Plan,
            Runs = prepared.Runs,
            Excluded = prepared.Excluded,
            First = [.. prepared.Points.Take(ShownPoints).Select(prepared.Space.Values)],
            Steps = steps,
            DeviceHours = seconds / 3600,
            Basis = basis,
            Savings = Saving(prepared, timing, steps),
            Warnings = prepared.Warnings,
        };
    }

    /// <summary>Steps and seconds without pruning. Points that are not sampled yet count as the mean of those that are.</summary>
    private static (long Steps, double? Seconds) Full(PreparedSweep prepared, TimingHistory? timing)
    {
        double steps = 0;
        double seconds = 0;
        foreach (double[] point in prepared.Points)
        {
            RunSpec spec = SpecOf(prepared, prepared.Space.Values(point));
            int own = StepsOf(prepared, spec);
            steps += own;
            seconds += timing?.Seconds(
                own, spec.EffectiveBatch, TimingHistory.Evaluations(own, Math.Max(1, spec.EvalEvery)), prepared.EvalRows)
                ?? 0;
        }

        double all = (double)prepared.Runs / prepared.Points.Count;
        return ((long)Math.Round(steps * all), timing is null ? null : seconds * all);
    }

    private static SweepSavings? Saving(PreparedSweep prepared, TimingHistory? timing, long fullSteps) => prepared.Plan.Pruner?.Kind switch
    {
        SweepPrunerKind.Halving => Halving(prepared, timing, fullSteps),
        SweepPrunerKind.Median => Median(prepared, timing, fullSteps),
        _ => null,
    };

    private static SweepSavings Halving(PreparedSweep prepared, TimingHistory? timing, long fullSteps)
    {
        int[] ends = [.. prepared.Rungs, prepared.TotalSteps];
        IReadOnlyList<int> runs = HalvingRule.RunsPerRung(prepared.Runs, prepared.Rungs.Count, prepared.Plan.Pruner!.Factor!.Value);
        long steps = 0;
        double seconds = 0;
        for (int i = 0; i < ends.Length; i++)
        {
            int start = i == 0 ? 0 : ends[i - 1];
            int evaluations = TimingHistory.Evaluations(ends[i], prepared.First.EvalEvery)
                - (i == 0 ? 0 : TimingHistory.Evaluations(start, prepared.First.EvalEvery));
            steps += (long)runs[i] * (ends[i] - start);
            seconds += runs[i] * (timing?.Seconds(ends[i] - start, prepared.First.EffectiveBatch, evaluations, prepared.EvalRows) ?? 0);
        }

        SweepRung[] rungs = [.. ends.Zip(runs, (step, count) => new SweepRung(step, count))];
        string sentence = string.Create(
            CultureInfo.InvariantCulture,
            $"Successive halving takes {NumberFormat.Count(steps)} of {NumberFormat.Count(fullSteps)} steps "
                + $"({NumberFormat.PercentOf(steps, fullSteps)}): "
                + $"{string.Join(", ", rungs.Select(rung => $"{NumberFormat.Count(rung.Runs)} to step {NumberFormat.Count(rung.Step)}"))}. "
                + $"Each surviving run reloads the model and resumes from its checkpoint.");
        return new SweepSavings(steps, timing is null ? null : seconds / 3600, Exact: true, sentence, rungs);
    }

    private static SweepSavings Median(PreparedSweep prepared, TimingHistory? timing, long fullSteps)
    {
        SweepPruner pruner = prepared.Plan.Pruner!;
        int evalEvery = prepared.First.EvalEvery;
        int firstDecision = Math.Min(prepared.TotalSteps, (Math.Max(pruner.WarmupSteps!.Value, 1) + evalEvery - 1) / evalEvery * evalEvery);
        int kept = Math.Min(prepared.Runs, pruner.MinimumRuns!.Value);
        long steps = ((long)kept * prepared.TotalSteps) + ((long)(prepared.Runs - kept) * firstDecision);
        double? hours = timing is null ? null : (
            (kept * timing.Seconds(
                prepared.TotalSteps,
                prepared.First.EffectiveBatch,
                TimingHistory.Evaluations(prepared.TotalSteps, evalEvery),
                prepared.EvalRows))
            + ((prepared.Runs - kept) * timing.Seconds(
                firstDecision,
                prepared.First.EffectiveBatch,
                TimingHistory.Evaluations(firstDecision, evalEvery),
                prepared.EvalRows))) / 3600;
        string sentence = string.Create(
            CultureInfo.InvariantCulture,
            $"The median rule stops runs that are worse than the median of the others, from step {NumberFormat.Count(firstDecision)} and "
                + $"after {NumberFormat.Count(kept, "run")}. The savings depend on the results: at least {NumberFormat.Count(steps)} of "
                + $"{NumberFormat.Count(fullSteps)} steps ({NumberFormat.PercentOf(steps, fullSteps)}) are executed.");
        return new SweepSavings(steps, hours, Exact: false, sentence, []);
    }


    private static int StepsOf(PreparedSweep prepared, RunSpec spec)
    {
        if (!prepared.Space.Dimensions.Any(dimension => SpecFields.Default.AffectingSteps.Contains(dimension.Field)))
        {
            return prepared.TotalSteps;
        }

        // Computed here, because the trainer does not check every point.
        // The share of rows that are dropped as too long is about that of the first run.
        long batch = Math.Max(1, spec.EffectiveBatch);
        double kept = prepared.First.TooLong == TooLong.Drop ? prepared.TrainRows / (double)Math.Max(1, prepared.First.TrainSamples) : 1;
        double full = Math.Ceiling(Math.Round(spec.TrainSamples * kept) / batch) * spec.Epochs;
        return (int)Math.Clamp(full, 0, Math.Max(0, spec.MaxSteps ?? int.MaxValue));
    }

    /// <summary>The first run's specification, whose number of sentences is the one available, with a point's values.</summary>
    private static RunSpec SpecOf(PreparedSweep prepared, JsonObject values)
    {
        JsonObject spec = SpecFieldCatalog.ToJson(prepared.First);
        foreach ((string field, JsonNode? value) in values)
        {
            SpecFields.Set(spec, field, value);
        }

        return spec.Deserialize<RunSpec>(ContractJson.Options)!;
    }
}
