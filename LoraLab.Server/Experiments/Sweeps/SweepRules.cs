using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Experiments.Sweeps.Space;
using LoraLab.Server.Runs;

namespace LoraLab.Server.Experiments.Sweeps;

/// <summary>Validation of a plan by itself, and warnings about it.</summary>
internal static class SweepRules
{
    private static readonly SpecFields _fields = SpecFields.Default;

    public static IEnumerable<FieldError> Check(SweepPlan plan)
    {
        foreach (FieldError error in Texts(plan.Name, plan.Notes))
        {
            yield return error;
        }

        if (plan.Spec["evalSplit"] is { } split
            && !(split.GetValueKind() == JsonValueKind.String && split.GetValue<string>() == "selection"))
        {
            yield return new FieldError("spec.evalSplit", $"spec.evalSplit is {split.ToJsonString()}, but a sweep evaluates on the "
                + "selection split only: selecting on the reported rows would bias the reported result. Omit evalSplit, "
                + "and run the best configuration again with evalSplit dev.");
        }

        if (plan.Objective.Length > 0 && !Objective.All.Contains(plan.Objective))
        {
            yield return new FieldError(
                "objective", $"objective is '{plan.Objective}'; it must be one of {string.Join(", ", Objective.All)}.");
        }

        foreach (FieldError error in CheckSampler(plan).Concat(CheckPruner(plan)))
        {
            yield return error;
        }
    }

    /// <summary>Checks name and notes.</summary>
    public static IEnumerable<FieldError> Texts(string? name, string? notes)
    {
        foreach (FieldError error in RunTextRules.Check(name, notes, null, null))
        {
            yield return error;
        }

        if (name is not null && string.IsNullOrWhiteSpace(name))
        {
            yield return new FieldError("name", "name is empty; give the sweep a name or omit the field.");
        }
    }

    /// <summary>A pruner compares runs at the same step, so no searched field may change what a step or an evaluation is.</summary>
    public static IEnumerable<FieldError> CheckSteps(SweepPlan plan, SearchSpace space) => plan.Pruner is null
        ? []
        : space.Dimensions.Where(dimension => _fields.AffectingSteps.Contains(dimension.Field)).Select(dimension => new FieldError(
            "pruner", $"pruner compares runs at the same step, but {dimension.Field} changes what a step or an evaluation is; "
                + $"remove {dimension.Field} from space, or remove the pruner."));

    /// <summary>Warnings about a valid plan.</summary>
    public static IEnumerable<string> Warn(SweepPlan plan, SearchSpace space, int runs)
    {
        if (space.Dimensions.Where(dimension => _fields.AffectingRows.Contains(dimension.Field)).Select(dimension => dimension.Field)
            .ToArray() is { Length: > 0 } fields)
        {
            yield return $"{string.Join(" and ", fields)} changes which rows are evaluated, so runs are compared on different rows.";
        }

        if (SpecFieldCatalog.Default.With(SpecRoles.Seed).Any(space.Has))
        {
            yield return "Seeds are not hyper-parameters: the best of several seeds is only the luckiest. To measure the variance over "
                + "seeds, repeat one configuration in a study.";
        }

        if (runs > SweepPlanner.MaxUnconfirmedRuns && !plan.Confirm)
        {
            yield return $"The sweep has {NumberFormat.Count(runs, "run")}, more than {SweepPlanner.MaxUnconfirmedRuns}: "
                + "creating it requires confirm: true.";
        }

        if (plan.Sampler != SweepSampler.Grid && runs < plan.Runs)
        {
            yield return $"runs is {plan.Runs}, but only {runs} distinct points were found within the constraints.";
        }
    }

    private static IEnumerable<FieldError> CheckSampler(SweepPlan plan)
    {
        if (plan.Sampler == SweepSampler.Grid && plan.Runs is not null)
        {
            yield return new FieldError("runs", "runs applies to the samplers random and tpe; a grid runs all its points. Omit it.");
        }

        if (plan.Sampler != SweepSampler.Grid && plan.Runs is not (>= 1 and <= SweepPlanner.MaxRuns))
        {
            yield return new FieldError("runs", plan.Runs is null
                ? "runs is missing; set the number of points to sample."
                : $"runs is {plan.Runs}; it must be from 1 to {SweepPlanner.MaxRuns}.");
        }

        if (plan.StartupRuns is not null
            && (plan.Sampler != SweepSampler.Tpe || plan.StartupRuns is < SweepLimits.LeastStartupRuns or > SweepPlanner.MaxRuns))
        {
            yield return new FieldError("startupRuns", plan.Sampler != SweepSampler.Tpe
                ? "startupRuns applies to the sampler tpe only; omit it."
                : $"startupRuns is {plan.StartupRuns}; it must be from {SweepLimits.LeastStartupRuns} to {SweepPlanner.MaxRuns}.");
        }
    }

    private static IEnumerable<FieldError> CheckPruner(SweepPlan plan)
    {
        if (plan.Pruner is not { } pruner)
        {
            yield break;
        }

        bool median = pruner.Kind == SweepPrunerKind.Median;
        if (median
            ? pruner.FirstRung is not null || pruner.Factor is not null
            : pruner.WarmupSteps is not null || pruner.MinimumRuns is not null)
        {
            yield return new FieldError("pruner", median
                ? "pruner: firstRung and factor are options of halving; median takes warmupSteps and minimumRuns."
                : "pruner: warmupSteps and minimumRuns are options of median; halving takes firstRung and factor.");
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

        if (pruner.Factor is < SweepLimits.LeastFactor or > SweepLimits.Factor)
        {
            yield return new FieldError(
                "pruner.factor",
                $"pruner.factor is {pruner.Factor}; it must be from {SweepLimits.LeastFactor} to {SweepLimits.Factor}.");
        }

        if (pruner.Kind == SweepPrunerKind.Halving && plan.Sampler == SweepSampler.Tpe)
        {
            yield return new FieldError("pruner", "pruner: halving needs all its runs at the start, but tpe samples them one at a time; "
                + "use median with tpe, or grid or random with halving.");
        }
    }
}
