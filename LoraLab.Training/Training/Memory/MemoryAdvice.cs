using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters;
using LoraLab.Training.Models.Memory;

namespace LoraLab.Training.Training.Memory;

/// <summary>
/// Suggests changes that make a run fit its memory budget. Each is tried on the estimator and suffices by itself; combinations are
/// suggested only if no single change suffices, and a larger budget only if no combination does.
/// </summary>
internal static class MemoryAdvice
{
    private const int MinPassTokens = 64;
    private const int BudgetRounding = 64;
    private static readonly TargetModules _fewestTargets = TargetModules.Of("q_proj", "v_proj");

    /// <summary>Returns the suggestions; of each kind, the smallest change that suffices.</summary>
    /// <param name="spec">Specification that does not fit.</param>
    /// <param name="request">Returns the estimate request of a specification.</param>
    /// <param name="underestimate">Factor by which the estimate was measured to be too low; 1: it was not.</param>
    /// <param name="deviceMb">Memory of the device, MiB, the upper limit of suggested budgets.</param>
    /// <param name="halfPrecision">The precision of half the memory that the device has.</param>
    public static IReadOnlyList<RunSuggestion> Suggestions(
        RunSpec spec,
        Func<RunSpec, MemoryRequest> request,
        double underestimate = 1,
        double deviceMb = 0,
        Precision halfPrecision = Precision.Bf16)
    {
        List<RunSuggestion> found =
        [
            .. First(SmallerPasses(spec, request)),
            .. First(SmallerRanks(spec)),
            .. First(FewerTargets(spec)),
            .. First(HalfPrecision(spec, halfPrecision)),
            .. First(OtherMethod(spec)),
        ];
        if (found.Count == 0)
        {
            found.AddRange(First(Combinations(spec, request, halfPrecision)));
        }

        if (found.Count == 0)
        {
            found.AddRange(First(LargerBudgets(spec, request, underestimate, deviceMb)));
        }

        return found;

        double? FittingMb(RunSpec other)
        {
            MemoryEstimate estimate = MemoryEstimator.Of(request(other));
            double expected = estimate.TotalMb * underestimate;
            return expected > estimate.BudgetMb ? null : expected;
        }

        IEnumerable<RunSuggestion> First(IEnumerable<RunSpec> candidates) =>
            candidates.Select(other => (other, Mb: FittingMb(other))).Where(tried => tried.Mb is not null).Take(1)
                .Select(tried => Describe(spec, tried.other, tried.Mb!.Value));
    }

    /// <summary>Returns the error of a run that exceeds its budget, or the memory of the device if it has none.</summary>
    /// <param name="estimate">Its estimate.</param>
    /// <param name="suggestions">Changes that suffice.</param>
    /// <param name="needs">The memory that it needs, as a clause; null: "The run needs about 900 MiB" from the estimate.</param>
    /// <param name="ofDevice">Whether the run has no budget and exceeds the memory of the device.</param>
    public static string Message(
        MemoryEstimate estimate, IReadOnlyList<RunSuggestion> suggestions, string? needs = null, bool ofDevice = false)
    {
        string need = needs ?? $"The run needs about {NumberFormat.Mebibytes(estimate.TotalMb)}";
        string limit = ofDevice ? "the device has" : "the budget is";
        string excess = $"{need}, but {limit} {NumberFormat.Mebibytes(estimate.BudgetMb!.Value)}";
        string[] fitting = [.. suggestions.Where(change => !change.Changes.ContainsKey("memoryBudgetMb")).Select(change => change.Label)];
        return fitting.Length > 0
            ? $"{excess}; it would fit with {string.Join(", or with ", fitting)}."
            : $"{excess}, and no change to packTokens, rank, targetModules or precision makes it fit (weights and process take "
                + $"{NumberFormat.Mebibytes(estimate.WeightsMb + estimate.ProcessMb)}): use a smaller model or a larger memoryBudgetMb.";
    }

    // Pass sizes are halved: round numbers to set, not an optimum.
    private static IEnumerable<RunSpec> SmallerPasses(RunSpec spec, Func<RunSpec, MemoryRequest> request) =>
        Halvings(MemoryEstimator.Of(request(spec)).PassTokens).Where(tokens => tokens >= MinPassTokens)
            .Select(tokens => spec with { PackTokens = tokens, MicroBatch = MicroBatch.Auto });

    private static IEnumerable<RunSpec> SmallerRanks(RunSpec spec)
    {
        for (int divisor = 2; divisor <= Math.Max(spec.Rank, spec.RankPattern?.Values.Max() ?? 1); divisor *= 2)
        {
            yield return spec with
            {
                Rank = Math.Max(1, spec.Rank / divisor),
                RankPattern = spec.RankPattern?.ToDictionary(module => module.Key, module => Math.Max(1, module.Value / divisor)),
            };
        }
    }

    // Fields about modules that are no targets anymore would be refused.
    private static IEnumerable<RunSpec> FewerTargets(RunSpec spec) =>
        (spec.RankPattern, spec.AlphaPattern, spec.ExcludeModules) is not (null, null, null) ? [] :
        spec.TargetModules.Names is null || spec.TargetModules.Names.Count > 2 ? [spec with { TargetModules = _fewestTargets }] : [];

    private static IEnumerable<RunSpec> HalfPrecision(RunSpec spec, Precision half) =>
        spec.Precision == Precision.Fp32 ? [spec with { Precision = half }] : [];

    // Adapters take a small part of the memory of gradients and moments.
    private static IEnumerable<RunSpec> OtherMethod(RunSpec spec) => LoraMethods.Find(spec.Method)?.TrainsWeights == true
        ? [spec with { Method = "lora", LearningRate = null, MethodOptions = [] }]
        : [];

    private static IEnumerable<RunSpec> Combinations(RunSpec spec, Func<RunSpec, MemoryRequest> request, Precision halfPrecision)
    {
        foreach (RunSpec half in (IEnumerable<RunSpec>)[spec, .. HalfPrecision(spec, halfPrecision)])
        {
            foreach (RunSpec small in SmallerPasses(half, request))
            {
                yield return small;
                foreach (RunSpec fewer in FewerTargets(small))
                {
                    yield return fewer;
                }
            }
        }
    }

    private static IEnumerable<RunSpec> LargerBudgets(
        RunSpec spec, Func<RunSpec, MemoryRequest> request, double underestimate, double deviceMb)
    {
        // A larger budget may allow larger passes, which need more memory again, so several are tried.
        for (double need = MemoryEstimator.Of(request(spec)).TotalMb * underestimate; need <= deviceMb; need *= 1.25)
        {
            yield return spec with { MemoryBudgetMb = (int)Math.Ceiling(need / BudgetRounding) * BudgetRounding };
        }
    }

    private static RunSuggestion Describe(RunSpec spec, RunSpec other, double totalMb)
    {
        JsonObject changes = [];
        List<string> words = [];
        JsonObject before = SpecFieldCatalog.ToJson(spec);
        foreach ((string field, JsonNode? value) in SpecFieldCatalog.ToJson(other))
        {
            if (!JsonNode.DeepEquals(value, before[field]))
            {
                changes[field] = value?.DeepClone();
                words.Add($"{field} {Words(value)}");
            }
        }

        return new(string.Join(", ", words), changes, totalMb);
    }

    private static string? Words(JsonNode? value) => value switch
    {
        JsonArray names => string.Join(" and ", names),
        JsonObject members => string.Join(" and ", members.Select(member => $"{member.Key} {member.Value}")),
        _ => value?.ToString(),
    };

    private static IEnumerable<int> Halvings(int from)
    {
        for (int value = from / 2; value >= 1; value /= 2)
        {
            yield return value;
        }
    }
}
