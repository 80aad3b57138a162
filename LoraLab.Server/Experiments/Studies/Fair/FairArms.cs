using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Experiments.Studies.Steps;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Runs;
using LoraLab.Server.Runs.Estimates;
using LoraLab.Server.Workers;

namespace LoraLab.Server.Experiments.Studies.Fair;

/// <summary>
/// Gives the methods of a fair comparison their ranks: one at equal trainable parameters and one at equal rank, which are one arm where
/// they are the same. Methods without a rank run as they are. What cannot run is left out and named.
/// </summary>
internal sealed class FairArms(TrainerInspector inspector, SpecChecker checker, EstimateService estimates)
{
    private const string Rank = "rank";
    private const string Alpha = "alpha";

    /// <summary>Deviation from the budget from which it is mentioned.</summary>
    private const double MentionedDeviation = 0.1;

    private static readonly JsonObject _defaults = SpecFieldCatalog.ToJson(new RunSpec());

    private static readonly StudyPart[] _both = [StudyPart.EqualParameters, StudyPart.EqualRank];

    /// <summary>Returns the plan with one entry per method and rank, and its budget; adds warnings about what is not equal.</summary>
    public async Task<StudyPlan> ExpandAsync(
        StudyPlan plan, IReadOnlyList<MethodDescriptor> methods, List<string> warnings, CancellationToken cancellationToken)
    {
        // A completed plan is submitted again as it is.
        if (plan.Methods!.All(method => method.Parts is not null) || Number(plan.Spec, Rank) is not double rank)
        {
            return plan;
        }

        ApiFailure.ThrowIfAny([.. RanksOfTheirOwn(plan)]);
        long reference = await BudgetOfAsync(plan, methods, (int)rank, cancellationToken);
        long budget = plan.ParameterBudget ?? reference;
        List<StudyMethod> arms = [];
        foreach (StudyMethod method in plan.Methods!)
        {
            if (method.Parts is not null)
            {
                arms.Add(method);
                continue;
            }

            MethodDescriptor descriptor = methods.First(known => known.Id == method.Method);
            IReadOnlyList<long?> counts = await CountsAsync(plan, Fit(plan, method, methods, null), cancellationToken);
            foreach (StudyMethod arm in Arms(plan, method, methods, counts, (int)rank, budget))
            {
                if (await ProblemAsync(plan, arm, descriptor, budget, warnings, cancellationToken) is { } problem)
                {
                    warnings.Add($"{Label(arm, descriptor)} is left out: {problem}");
                }
                else
                {
                    arms.Add(arm);
                }
            }
        }

        return arms.Count > 0
            ? plan with { Methods = arms, ParameterBudget = budget }
            : throw ApiFailure.Invalid([new FieldError("methods", $"No method can run. {string.Join(" ", warnings)}")]);
    }

    /// <summary>Whether the method has a rank.</summary>
    private static bool HasRank(MethodDescriptor method) => !method.UnusedFields.Contains(Rank);

    private static string Label(StudyMethod arm, MethodDescriptor method) =>
        arm.Spec?[Rank] is JsonNode rank && HasRank(method) ? $"{method.Name} at rank {rank}" : method.Name;

    private static IEnumerable<FieldError> RanksOfTheirOwn(StudyPlan plan)
    {
        foreach ((int index, StudyMethod method) in plan.Methods!.Index())
        {
            if (method.Parts is null && (method.Spec?.ContainsKey(Rank) == true || method.Grid?.ContainsKey(Rank) == true))
            {
                yield return new(
                    $"methods[{index}].{(method.Spec?.ContainsKey(Rank) == true ? "spec" : "grid")}.{Rank}",
                    $"The template chooses the rank of {method.Method}; remove it, set {Rank} in the spec of the plan, "
                        + "or give every method its parts.");
            }
        }
    }

    /// <summary>The entries of a method: at the rank nearest the budget, and at the rank of the protocol.</summary>
    private static IEnumerable<StudyMethod> Arms(
        StudyPlan plan, StudyMethod method, IReadOnlyList<MethodDescriptor> methods, IReadOnlyList<long?> counts, int rank, long budget)
    {
        if (!HasRank(methods.First(known => known.Id == method.Method)))
        {
            return [Fit(plan, method, methods, null) with { Parts = _both, WithoutRank = true }];
        }

        int nearest = NearestRank.Of(counts, budget) ?? rank;
        return nearest == rank
            ? [Fit(plan, method, methods, rank) with { Parts = _both }]
            :
            [
                Fit(plan, method, methods, nearest) with { Parts = [StudyPart.EqualParameters] },
                Fit(plan, method, methods, rank) with
                {
                    Arm = string.Create(CultureInfo.InvariantCulture, $"{method.Key}-r{rank}"),
                    Parts = [StudyPart.EqualRank],
                },
            ];
    }

    /// <summary>
    /// The method with a rank, and with an alpha that keeps the scaling of the protocol; fields of the protocol that mean nothing to it
    /// have their defaults.
    /// </summary>
    private static StudyMethod Fit(StudyPlan plan, StudyMethod method, IReadOnlyList<MethodDescriptor> methods, int? rank)
    {
        MethodDescriptor descriptor = methods.First(known => known.Id == method.Method);
        JsonObject spec = (JsonObject?)method.Spec?.DeepClone() ?? [];
        if (rank is int value && HasRank(descriptor))
        {
            spec[Rank] = value;
            if (!spec.ContainsKey(Alpha) && Number(plan.Spec, Alpha) is double alpha && Number(plan.Spec, Rank) is double shared
                && value != (int)shared)
            {
                spec[Alpha] = alpha / shared * value;
            }
        }

        foreach (string field in descriptor.UnusedFields.Where(field => plan.Spec!.ContainsKey(field) || field is Alpha or Rank))
        {
            spec[field] = _defaults[field]?.DeepClone();
        }

        return method with { Spec = spec.Count == 0 ? null : spec };
    }

    /// <summary>
    /// The trainable parameters of the first method with a rank at the rank of the protocol, which all others follow: what is wrong with
    /// it is wrong with the plan.
    /// </summary>
    private async Task<long> BudgetOfAsync(
        StudyPlan plan, IReadOnlyList<MethodDescriptor> methods, int rank, CancellationToken cancellationToken)
    {
        StudyMethod first = plan.Methods!.FirstOrDefault(method => HasRank(methods.First(known => known.Id == method.Method)))
            ?? plan.Methods![0];
        try
        {
            return (await checker.CheckAsync(SpecOf(plan, Fit(plan, first, methods, rank)), cancellationToken)).TrainableParameters;
        }
        catch (ApiFailure failure) when (failure.Errors is { } errors)
        {
            throw ApiFailure.Invalid([.. errors.SelectMany(field =>
                field.Value.Select(message => new FieldError(field.Key, $"{first.Key} at rank {rank}: {message}")))]);
        }
    }

    private async Task<IReadOnlyList<long?>> CountsAsync(StudyPlan plan, StudyMethod method, CancellationToken cancellationToken) =>
        (await inspector.RequestAsync(new InspectRequest { Kind = "ranks", Spec = SpecOf(plan, method) }, cancellationToken))
            .ParametersByRank ?? [];

    /// <summary>Why the arm cannot run, null: it can; adds a warning if its trainable parameters are not near the budget.</summary>
    private async Task<string?> ProblemAsync(
        StudyPlan plan,
        StudyMethod arm,
        MethodDescriptor descriptor,
        long budget,
        List<string> warnings,
        CancellationToken cancellationToken)
    {
        JsonObject spec = SpecOf(plan, arm);
        SpecValidation valid;
        try
        {
            valid = await checker.CheckAsync(spec, cancellationToken);
        }
        catch (ApiFailure failure) when (failure.Errors is { } errors)
        {
            return string.Join(" ", errors.SelectMany(field => field.Value));
        }

        if (valid.Spec!.MemoryBudgetMb is int limit
            && await estimates.EstimateAsync(spec, cancellationToken) is { Fits: false } estimate)
        {
            return $"it needs {NumberFormat.Mebibytes(estimate.TotalMb)}, more than the memory budget of {NumberFormat.Mebibytes(limit)}.";
        }

        string has = $"{NumberFormat.Count(valid.TrainableParameters)} trainable parameters";
        if (!HasRank(descriptor))
        {
            warnings.Add($"{descriptor.Name} has no rank: it runs as it is, with {has}, in both comparisons.");
        }
        else if (arm.Parts!.Contains(StudyPart.EqualParameters)
            && Math.Abs(valid.TrainableParameters - budget) > MentionedDeviation * budget)
        {
            warnings.Add($"{Label(arm, descriptor)} has {has}; no rank comes nearer to the budget of {NumberFormat.Count(budget)}.");
        }

        return null;
    }

    private static JsonObject SpecOf(StudyPlan plan, StudyMethod method) => StudyRunSpec.Of(
        plan with { Methods = [method] },
        new RequiredRun
        {
            Stage = StudyStage.Reported,
            Method = method.Key,
            Settings = StudyGrid.First(method),
            Seed = plan.Seeds![0],
        });

    private static double? Number(JsonObject? spec, string field) =>
        spec?[field] is JsonValue value && value.GetValueKind() == JsonValueKind.Number
            ? double.Parse(value.ToJsonString(), CultureInfo.InvariantCulture)
            : null;
}
