using System.Text.Json;
using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Experiments.Sweeps.Space;
using LoraLab.Server.Runs;

namespace LoraLab.Server.Experiments.Sweeps;

/// <summary>What must hold of a plan by itself, and what is worth knowing about it.</summary>
internal static class SweepRules
{
    public static IEnumerable<FieldError> Check(SweepPlan plan)
    {
        foreach (FieldError error in Texts(plan.Name, plan.Notes))
        {
            yield return error;
        }

        if (plan.Spec["evalSplit"] is { } split && !(split.GetValueKind() == JsonValueKind.String && split.GetValue<string>() == "selection"))
        {
            yield return new FieldError("spec.evalSplit", $"spec.evalSplit is {split.ToJsonString()}, but a sweep evaluates on the selection split only: what is chosen on the rows that are reported flatters itself there. Leave evalSplit out, and run the best again with evalSplit dev.");
        }

        if (!Objective.All.Contains(plan.Objective))
        {
            yield return new FieldError("objective", $"objective is '{plan.Objective}'; it must be one of {string.Join(", ", Objective.All)}.");
        }

        foreach (FieldError error in CheckSampler(plan).Concat(CheckPruner(plan)))
        {
            yield return error;
        }
    }

    /// <summary>What people write about a sweep.</summary>
    public static IEnumerable<FieldError> Texts(string? name, string? notes)
    {
        foreach (FieldError error in RunTextRules.Check(name, notes, null, null))
        {
            yield return error;
        }

        if (name is not null && string.IsNullOrWhiteSpace(name))
        {
            yield return new FieldError("name", "name is empty; give the sweep a name or leave the member out.");
        }
    }

    /// <summary>A rule that compares runs at a step needs steps that mean the same.</summary>
    public static IEnumerable<FieldError> CheckSteps(SweepPlan plan, SearchSpace space) => plan.Pruner is null
        ? []
        : space.Dimensions.Where(dimension => SpecFields.OfSteps.Contains(dimension.Field)).Select(dimension => new FieldError(
            "pruner", $"pruner compares runs at the same step, and {dimension.Field} changes what a step or an evaluation is; leave it out of the space, or the pruner out."));

    public static IEnumerable<string> Warn(SweepPlan plan, SearchSpace space, int runs)
    {
        if (space.Dimensions.Where(dimension => SpecFields.OfRows.Contains(dimension.Field)).Select(dimension => dimension.Field).ToArray() is { Length: > 0 } fields)
        {
            yield return $"{string.Join(" and ", fields)} changes which rows are evaluated, so that runs are compared on different rows.";
        }

        if (space.Has("seed") || space.Has("orderSeed"))
        {
            yield return "A seed is nothing to choose: the best of several seeds is the luckiest. To see how far seeds spread, repeat one setting in a study.";
        }

        if (runs > SweepPlanner.MostUnconfirmed && !plan.Confirm)
        {
            yield return $"The sweep makes {runs} runs, more than {SweepPlanner.MostUnconfirmed}: it is created only with confirm: true.";
        }

        if (plan.Sampler != SweepSampler.Grid && runs < plan.Runs)
        {
            yield return $"runs is {plan.Runs}, but only {runs} different points were found within the constraints.";
        }
    }

    private static IEnumerable<FieldError> CheckSampler(SweepPlan plan)
    {
        if (plan.Sampler == SweepSampler.Grid && plan.Runs is not null)
        {
            yield return new FieldError("runs", "runs is for the samplers random and tpe; a grid runs all its points. Leave it out.");
        }

        if (plan.Sampler != SweepSampler.Grid && plan.Runs is not (>= 1 and <= SweepPlanner.MostRuns))
        {
            yield return new FieldError("runs", plan.Runs is null ? "runs is missing: say how many points are drawn." : $"runs is {plan.Runs}; it must be from 1 to {SweepPlanner.MostRuns}.");
        }

        if (plan.StartupRuns is not null && (plan.Sampler != SweepSampler.Tpe || plan.StartupRuns is < 2 or > SweepPlanner.MostRuns))
        {
            yield return new FieldError("startupRuns", plan.Sampler != SweepSampler.Tpe ? "startupRuns is for the sampler tpe; leave it out." : $"startupRuns is {plan.StartupRuns}; it must be from 2 to {SweepPlanner.MostRuns}.");
        }
    }

    private static IEnumerable<FieldError> CheckPruner(SweepPlan plan)
    {
        if (plan.Pruner is not { } pruner)
        {
            yield break;
        }

        bool median = pruner.Kind == SweepPrunerKind.Median;
        if (median ? pruner.FirstRung is not null || pruner.Factor is not null : pruner.WarmupSteps is not null || pruner.MinimumRuns is not null)
        {
            yield return new FieldError("pruner", median ? "pruner: firstRung and factor are for halving; median takes warmupSteps and minimumRuns." : "pruner: warmupSteps and minimumRuns are for median; halving takes firstRung and factor.");
        }

        if (pruner.WarmupSteps is < 1)
        {
            yield return new FieldError("pruner.warmupSteps", $"pruner.warmupSteps is {pruner.WarmupSteps}; it must be at least 1.");
        }

        if (pruner.MinimumRuns is < 1)
        {
            yield return new FieldError("pruner.minimumRuns", $"pruner.minimumRuns is {pruner.MinimumRuns}; it must be at least 1.");
        }

        if (pruner.FirstRung is < 1)
        {
            yield return new FieldError("pruner.firstRung", $"pruner.firstRung is {pruner.FirstRung}; it must be at least 1.");
        }

        if (pruner.Factor is < 2 or > 100)
        {
            yield return new FieldError("pruner.factor", $"pruner.factor is {pruner.Factor}; it must be from 2 to 100.");
        }

        if (pruner.Kind == SweepPrunerKind.Halving && plan.Sampler == SweepSampler.Tpe)
        {
            yield return new FieldError("pruner", "pruner: halving needs all its runs at the start, and tpe chooses them one after the other; use median with tpe, or grid or random with halving.");
        }
    }
}
