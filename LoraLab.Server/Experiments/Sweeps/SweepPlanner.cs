using System.Text.Json.Nodes;
using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Experiments.Sweeps.Pruning;
using LoraLab.Server.Experiments.Sweeps.Sampling;
using LoraLab.Server.Experiments.Sweeps.Space;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Runs;
using LoraLab.Server.Workers;

namespace LoraLab.Server.Experiments.Sweeps;

/// <summary>Checks a plan and works out what it would do, without creating anything.</summary>
internal sealed class SweepPlanner(TrainerInspector inspector, SpecChecker checker)
{
    public const int MostUnconfirmed = 500;
    public const int MostRuns = 5000;
    public const int DefaultStartupRuns = 10;

    /// <summary>Values that are tried on the trainer before anything is created, each at least once while there are no more than these.</summary>
    private const int MostTried = 24;

    /// <exception cref="ApiFailure">The plan cannot be run.</exception>
    public async Task<PreparedSweep> PrepareAsync(SweepPlan plan, CancellationToken cancellationToken)
    {
        List<FieldError> errors = [.. SweepRules.Check(plan)];
        SearchSpace? space = SearchSpaceReader.Read(plan, await inspector.MethodsAsync(cancellationToken), errors);
        if (space is not null)
        {
            errors.AddRange(SweepRules.CheckSteps(plan, space));
        }

        ApiFailure.ThrowIfAny(errors);

        plan = plan with { Spec = OnSelection(plan.Spec), StartupRuns = plan.Sampler == SweepSampler.Tpe ? plan.StartupRuns ?? DefaultStartupRuns : null };
        (IReadOnlyList<double[]> points, int runs, int excluded) = PointsOf(plan, space!);
        SpecValidation first = await CheckAsync(plan, space!, points, cancellationToken);
        RunSpec spec = first.Spec!;
        plan = plan with { Pruner = WithDefaults(plan.Pruner, spec.EvalEvery) };
        IReadOnlyList<int> rungs = RungsOf(plan, spec, first.TotalSteps);
        return new PreparedSweep(plan, space!, points, runs, excluded, spec, first.TotalSteps, first.EvalRows, rungs, [.. SweepRules.Warn(plan, space!, runs), .. first.Warnings]);
    }

    /// <summary>More runs than anybody means by mistake.</summary>
    public static void RequireConfirmed(PreparedSweep prepared)
    {
        if (prepared.Runs > MostUnconfirmed && !prepared.Plan.Confirm)
        {
            throw ApiFailure.Invalid("confirm", $"The sweep makes {prepared.Runs} runs, more than {MostUnconfirmed}; make the space smaller, or say confirm: true if they are meant.");
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
            if (all > GridPoints.Most)
            {
                throw ApiFailure.Invalid("space", $"The grid has {all:N0} combinations, more than the {GridPoints.Most:N0} that can be listed; use fewer values, or sampler random or tpe.");
            }

            double[][] points = [.. GridPoints.Of(space)];
            return points.Length switch
            {
                0 => throw NothingLeft(space, $"None of the grid's {all} combinations satisfies"),
                > MostRuns => throw ApiFailure.Invalid("space", $"The grid has {points.Length} runs; a sweep makes at most {MostRuns}. Use fewer values, or sampler random or tpe."),
                _ => (points, points.Length, (int)all - points.Length),
            };
        }

        int wanted = plan.Runs!.Value;
        int drawn = plan.Sampler == SweepSampler.Random ? wanted : Math.Min(wanted, plan.StartupRuns!.Value);
        IReadOnlyList<double[]> random = RandomSampler.Draw(space, plan.Seed, drawn);
        return random.Count == 0
            ? throw NothingLeft(space, "Of thousands of points drawn none satisfies")
            : (random, random.Count < drawn ? random.Count : wanted, 0);
    }

    private static ApiFailure NothingLeft(SearchSpace space, string what) =>
        ApiFailure.Invalid("constraints", $"{what} {string.Join(" and ", space.Constraints.Select(constraint => $"'{constraint.Text}'"))}: nothing is left to run. Change a constraint or the space.");

    /// <summary>Every value of every field at least once, so that a value that the trainer refuses is told before anything is created.</summary>
    private async Task<SpecValidation> CheckAsync(SweepPlan plan, SearchSpace space, IReadOnlyList<double[]> points, CancellationToken cancellationToken)
    {
        SpecValidation? first = null;
        HashSet<(int, double)> seen = [];
        int tried = 0;
        for (int i = 0; i < points.Count && tried < MostTried; i++)
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
            catch (ApiFailure refused) when (refused.Errors is not null)
            {
                throw ApiFailure.Invalid([.. refused.Errors.SelectMany(field => field.Value.Select(sentence => new FieldError(field.Key, $"{SweepFormat.Show(values)}: {OfSweep(field.Key, sentence)}")))]);
            }
        }

        return first!;
    }

    /// <summary>The trainer's way out of too few rows, to evaluate on dev, is none for a sweep.</summary>
    private static string OfSweep(string field, string sentence) => field == "evalSplit" && sentence.LastIndexOf(';') is > 0 and int end
        ? $"{sentence[..end]}; lower trainSamples, because a sweep chooses on training rows that no run trains on."
        : sentence;

    private static SweepPruner? WithDefaults(SweepPruner? pruner, int evalEvery) => pruner?.Kind switch
    {
        SweepPrunerKind.Median => pruner with { WarmupSteps = pruner.WarmupSteps ?? 2 * evalEvery, MinimumRuns = pruner.MinimumRuns ?? MedianRule.DefaultMinimumRuns },
        SweepPrunerKind.Halving => pruner with { FirstRung = pruner.FirstRung ?? evalEvery, Factor = pruner.Factor ?? HalvingRule.DefaultFactor },
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
            $"pruner.firstRung is {halving.FirstRung}, and runs are evaluated every {spec.EvalEvery} of {totalSteps} steps: no rung lies before the end. Use a smaller firstRung or evalEvery.");
    }
}
