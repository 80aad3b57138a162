using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Comparison;
using LoraLab.Server.Experiments.Sweeps.Pruning;
using LoraLab.Server.Experiments.Sweeps.Sampling;
using LoraLab.Server.Experiments.Sweeps.Space;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Runs;
using LoraLab.Server.Workers;

namespace LoraLab.Server.Experiments.Sweeps;

/// <summary>Validates a plan and prepares its runs, without creating anything.</summary>
internal sealed class SweepPlanner(TrainerInspector inspector, SpecChecker checker)
{
    public const int MaxUnconfirmedRuns = 500;
    public const int MaxRuns = SweepLimits.Runs;
    public const int DefaultStartupRuns = 10;

    /// <summary>Maximum number of specifications that the trainer checks before anything is created.</summary>
    private const int MaxChecked = 24;

    /// <summary>The validated plan with its points.</summary>
    /// <exception cref="ApiFailure">The plan is invalid.</exception>
    public async Task<PreparedSweep> PrepareAsync(SweepPlan plan, CancellationToken cancellationToken)
    {
        List<FieldError> errors = [.. SweepRules.Check(plan)];
        SearchSpace? space = SearchSpaceReader.Read(plan, await inspector.MethodsAsync(cancellationToken), errors);
        if (space is not null)
        {
            errors.AddRange(SweepRules.CheckSteps(plan, space));
        }

        ApiFailure.ThrowIfAny(errors);

        plan = plan with
        {
            Spec = OnSelection(plan.Spec),
            StartupRuns = plan.Sampler == SweepSampler.Tpe ? plan.StartupRuns ?? DefaultStartupRuns : null,
        };
        (IReadOnlyList<double[]> points, int runs, int excluded) = PointsOf(plan, space!);
        SpecValidation first = await CheckAsync(plan, space!, points, cancellationToken);
        RunSpec spec = first.Spec!;
        TaskDescriptor task = TaskDescriptors.Of(first.Task, first.Metric);
        string objective = plan.Objective.Length > 0 ? plan.Objective : task.Primary.Key;
        if (Objective.Problem(objective, task, spec) is string problem)
        {
            throw ApiFailure.Invalid("objective", problem);
        }

        plan = plan with { Objective = objective, Pruner = WithDefaults(plan.Pruner, spec.EvalEvery) };
        IReadOnlyList<int> rungs = RungsOf(plan, spec, first.TotalSteps);
        return new PreparedSweep(plan, space!, points, runs, excluded, spec, first.TotalSteps, first.TrainRows, first.EvalRows,
            rungs, [.. SweepRules.Warn(plan, space!, runs), .. first.Warnings]);
    }

    /// <summary>Requires confirmation of plans with more than <see cref="MaxUnconfirmedRuns"/> runs.</summary>
    public static void RequireConfirmed(PreparedSweep prepared)
    {
        if (prepared.Runs > MaxUnconfirmedRuns && !prepared.Plan.Confirm)
        {
            throw ApiFailure.Invalid("confirm", $"The sweep has {NumberFormat.Count(prepared.Runs, "run")}, more than "
                + $"{MaxUnconfirmedRuns}; reduce the search space, or set confirm: true.");
        }
    }

    private static JsonObject OnSelection(JsonObject spec)
    {
        JsonObject selection = spec.DeepClone().AsObject();
        selection["evalSplit"] = "selection";
        return selection;
    }

    private static (IReadOnlyList<double[]> Points, int Runs, int Excluded) PointsOf(SweepPlan plan, SearchSpace space)
    {
        if (plan.Sampler == SweepSampler.Grid)
        {
            double all = GridPoints.Count(space);
            if (all > GridPoints.Max)
            {
                throw ApiFailure.Invalid("space", $"The grid has {NumberFormat.Number(all)} combinations; at most "
                    + $"{NumberFormat.Count(GridPoints.Max)} can be enumerated. Use fewer values, or the sampler random or tpe.");
            }

            double[][] points = [.. GridPoints.Of(space)];
            return points.Length switch
            {
                0 => throw NothingLeft(space, $"None of the {NumberFormat.Number(all)} grid combinations satisfies"),
                > MaxRuns => throw ApiFailure.Invalid("space", $"The grid has {NumberFormat.Count(points.Length, "run")}; "
                    + $"a sweep has at most {NumberFormat.Count(MaxRuns)}. Use fewer values, or the sampler random or tpe."),
                _ => (points, points.Length, (int)all - points.Length),
            };
        }

        int requested = plan.Runs!.Value;
        int count = plan.Sampler == SweepSampler.Random ? requested : Math.Min(requested, plan.StartupRuns!.Value);
        IReadOnlyList<double[]> random = RandomSampler.Draw(space, plan.Seed, count);
        return random.Count == 0
            ? throw NothingLeft(space, "None of thousands of sampled points satisfies")
            : (random, random.Count < count ? random.Count : requested, 0);
    }

    private static ApiFailure NothingLeft(SearchSpace space, string subject) =>
        ApiFailure.Invalid(
            "constraints",
            $"{subject} {string.Join(" and ", space.Constraints.Select(constraint => $"'{constraint.Text}'"))}, "
                + "so there is nothing to run. Change a constraint or the search space.");

    /// <summary>
    /// Checks every value of every field at least once, so that a value that the trainer rejects is reported before anything is created.
    /// </summary>
    private async Task<SpecValidation> CheckAsync(
        SweepPlan plan, SearchSpace space, IReadOnlyList<double[]> points, CancellationToken cancellationToken)
    {
        SpecValidation? first = null;
        HashSet<(int, double)> seen = [];
        int tried = 0;
        for (int i = 0; i < points.Count && tried < MaxChecked; i++)
        {
            double[] point = points[i];
            bool isNew = false;
            for (int d = 0; d < point.Length; d++)
            {
                isNew |= seen.Add((d, point[d]));
            }

            if (!isNew)
            {
                continue;
            }

            tried++;
            JsonObject values = space.Values(point);
            try
            {
                SpecValidation valid = await checker.CheckAsync(SweepDriver.SpecOf(plan, i + 1, values), cancellationToken);
                first ??= valid;
            }
            catch (ApiFailure rejected) when (rejected.Errors is not null)
            {
                throw ApiFailure.Invalid([.. rejected.Errors.SelectMany(field => field.Value.Select(message =>
                    new FieldError(field.Key, $"{SettingFormat.FormatAll(values)}: {ForSweep(field.Key, message)}")))]);
            }
        }

        return first!;
    }

    /// <summary>Replaces the trainer's advice for too few rows, to evaluate on dev, which a sweep cannot follow.</summary>
    private static string ForSweep(string field, string message) => field == "evalSplit" && message.LastIndexOf(';') is > 0 and int end
        ? $"{message[..end]}; lower trainSamples, because a sweep selects on training rows that no run trains on."
        : message;

    private static SweepPruner? WithDefaults(SweepPruner? pruner, int evalEvery) => pruner?.Kind switch
    {
        SweepPrunerKind.Median => pruner with
        {
            WarmupSteps = pruner.WarmupSteps ?? 2 * evalEvery,
            MinimumRuns = pruner.MinimumRuns ?? MedianRule.DefaultMinimumRuns,
        },
        SweepPrunerKind.Halving =>
            pruner with { FirstRung = pruner.FirstRung ?? evalEvery, Factor = pruner.Factor ?? HalvingRule.DefaultFactor },
        _ => null,
    };

    private static IReadOnlyList<int> RungsOf(SweepPlan plan, RunSpec spec, int totalSteps)
    {
        if (plan.Pruner is not { Kind: SweepPrunerKind.Halving } halving)
        {
            return [];
        }

        IReadOnlyList<int> rungs = HalvingRule.Rungs(halving.FirstRung!.Value, halving.Factor!.Value, spec.EvalEvery, totalSteps);
        return rungs.Count > 0 ? rungs : throw ApiFailure.Invalid(
            "pruner.firstRung",
            $"pruner.firstRung is {halving.FirstRung}, but with an evaluation every {spec.EvalEvery} of {totalSteps} steps no rung lies "
                + "before the end. Use a smaller firstRung or evalEvery.");
    }
}
