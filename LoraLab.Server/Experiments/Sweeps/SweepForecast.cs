using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Experiments.Lifecycle;
using LoraLab.Server.Experiments.Sweeps.Pruning;
using LoraLab.Server.Experiments.Sweeps.Space;
using LoraLab.Server.Scheduling;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Experiments.Sweeps;

/// <summary>What a sweep costs before it is created: runs, steps, hours, and what stopping early saves.</summary>
internal sealed class SweepForecast(IRunStore store, Lanes lanes)
{
    private const int Shown = 10;

    public SweepPreview Of(PreparedSweep prepared)
    {
        string device = lanes.All.First(lane => lane.Accepts(prepared.First.Device)).DeviceFor(prepared.First.Device);
        (TimingHistory? pace, string basis) = TimingHistory.Of(store, prepared.First, device);
        (long steps, double? seconds) = Whole(prepared, pace);
        return new SweepPreview
        {
            Plan = prepared.Plan,
            Runs = prepared.Runs,
            Excluded = prepared.Excluded,
            First = [.. prepared.Points.Take(Shown).Select(prepared.Space.Values)],
            Steps = steps,
            DeviceHours = seconds / 3600,
            Basis = basis,
            Savings = Saving(prepared, pace, steps),
            Warnings = prepared.Warnings,
        };
    }

    /// <summary>All runs to their ends. Points that are not chosen yet count as the mean of those that are.</summary>
    private static (long Steps, double? Seconds) Whole(PreparedSweep prepared, TimingHistory? pace)
    {
        double steps = 0;
        double seconds = 0;
        foreach (double[] point in prepared.Points)
        {
            RunSpec spec = SpecOf(prepared, prepared.Space.Values(point));
            int own = StepsOf(prepared, spec);
            steps += own;
            seconds += pace?.Seconds(own, spec.EffectiveBatch, TimingHistory.Evaluations(own, Math.Max(1, spec.EvalEvery)), prepared.EvalRows) ?? 0;
        }

        double all = (double)prepared.Runs / prepared.Points.Count;
        return ((long)Math.Round(steps * all), pace is null ? null : seconds * all);
    }

    private static SweepSavings? Saving(PreparedSweep prepared, TimingHistory? pace, long whole) => prepared.Plan.Pruner?.Kind switch
    {
        SweepPrunerKind.Halving => Halving(prepared, pace, whole),
        SweepPrunerKind.Median => Median(prepared, pace, whole),
        _ => null,
    };

    private static SweepSavings Halving(PreparedSweep prepared, TimingHistory? pace, long whole)
    {
        int[] ends = [.. prepared.Rungs, prepared.TotalSteps];
        IReadOnlyList<int> runs = HalvingRule.Plan(prepared.Runs, prepared.Rungs.Count, prepared.Plan.Pruner!.Factor!.Value);
        long steps = 0;
        double seconds = 0;
        for (int i = 0; i < ends.Length; i++)
        {
            int begin = i == 0 ? 0 : ends[i - 1];
            int evaluations = TimingHistory.Evaluations(ends[i], prepared.First.EvalEvery) - (i == 0 ? 0 : TimingHistory.Evaluations(begin, prepared.First.EvalEvery));
            steps += (long)runs[i] * (ends[i] - begin);
            seconds += runs[i] * (pace?.Seconds(ends[i] - begin, prepared.First.EffectiveBatch, evaluations, prepared.EvalRows) ?? 0);
        }

        SweepRung[] rungs = [.. ends.Zip(runs, (step, count) => new SweepRung(step, count))];
        string sentence = string.Create(
            CultureInfo.InvariantCulture,
            $"Halving takes {steps:N0} of {whole:N0} steps ({NumberFormat.PercentOf(steps, whole)}): {string.Join(", ", rungs.Select(rung => $"{rung.Runs} to step {rung.Step}"))}. Every run that goes on loads its model once more and continues from its checkpoint.");
        return new SweepSavings(steps, pace is null ? null : seconds / 3600, Exact: true, sentence, rungs);
    }

    private static SweepSavings Median(PreparedSweep prepared, TimingHistory? pace, long whole)
    {
        SweepPruner pruner = prepared.Plan.Pruner!;
        int evalEvery = prepared.First.EvalEvery;
        int judged = Math.Min(prepared.TotalSteps, (Math.Max(pruner.WarmupSteps!.Value, 1) + evalEvery - 1) / evalEvery * evalEvery);
        int kept = Math.Min(prepared.Runs, pruner.MinimumRuns!.Value);
        long steps = ((long)kept * prepared.TotalSteps) + ((long)(prepared.Runs - kept) * judged);
        double? hours = pace is null ? null : (
            (kept * pace.Seconds(prepared.TotalSteps, prepared.First.EffectiveBatch, TimingHistory.Evaluations(prepared.TotalSteps, evalEvery), prepared.EvalRows))
            + ((prepared.Runs - kept) * pace.Seconds(judged, prepared.First.EffectiveBatch, TimingHistory.Evaluations(judged, evalEvery), prepared.EvalRows))) / 3600;
        string sentence = string.Create(
            CultureInfo.InvariantCulture,
            $"The median rule stops what is worse than half of the others, from step {judged} on and behind {kept} runs. How much that saves depends on the results: of {whole:N0} steps it makes at least {steps:N0} ({NumberFormat.PercentOf(steps, whole)}).");
        return new SweepSavings(steps, hours, Exact: false, sentence, []);
    }

    private static int StepsOf(PreparedSweep prepared, RunSpec spec)
    {
        if (!prepared.Space.Dimensions.Any(dimension => SpecFields.OfSteps.Contains(dimension.Field)))
        {
            return prepared.TotalSteps;
        }

        // Not every point was checked by the trainer.
        long batch = Math.Max(1, spec.EffectiveBatch);
        double full = Math.Ceiling(spec.TrainSamples / (double)batch) * spec.Epochs;
        return (int)Math.Clamp(full, 0, Math.Max(0, spec.MaxSteps ?? int.MaxValue));
    }

    /// <summary>The first run's specification, in which the number of sentences is what there is, with a point's values.</summary>
    private static RunSpec SpecOf(PreparedSweep prepared, JsonObject values)
    {
        JsonObject spec = JsonSerializer.SerializeToNode(prepared.First, ContractJson.Options)!.AsObject();
        foreach ((string field, JsonNode? value) in values)
        {
            SpecFields.Set(spec, field, value);
        }

        return spec.Deserialize<RunSpec>(ContractJson.Options)!;
    }
}
