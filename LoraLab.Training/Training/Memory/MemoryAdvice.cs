using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Models.Memory;

namespace LoraLab.Training.Training.Memory;

/// <summary>
/// What would make a run fit its budget. Every change is tried on the estimator and suffices by itself; only where none does, changes are
/// put together, and only where those do not either, a larger budget is named.
/// </summary>
internal static class MemoryAdvice
{
    private const int LeastTokens = 64;
    private const int BudgetGrain = 64;
    private static readonly TargetModules _fewest = TargetModules.Of("q_proj", "v_proj");

    /// <summary>The changes, smallest first within their kind.</summary>
    /// <param name="spec">Specification that does not fit.</param>
    /// <param name="request">What the estimate of a specification needs.</param>
    /// <param name="miss">Factor by which the estimate was found too low; 1: it was not.</param>
    /// <param name="deviceMb">Memory of the device, MiB; a larger budget than that is not suggested.</param>
    public static IReadOnlyList<RunSuggestion> Suggestions(RunSpec spec, Func<RunSpec, MemoryRequest> request, double miss = 1, double deviceMb = 0)
    {
        List<RunSuggestion> found =
        [
            .. First(Passes(spec, request), Fits),
            .. First(Halvings(spec.Rank).Select(rank => spec with { Rank = rank }), Fits),
            .. First(Targets(spec), Fits),
            .. First(Halves(spec), Fits),
        ];
        if (found.Count == 0)
        {
            found.AddRange(First(Together(spec, request), Fits));
        }

        if (found.Count == 0)
        {
            found.AddRange(First(Budgets(spec, request, miss, deviceMb), Fits));
        }

        return found;

        double? Fits(RunSpec other)
        {
            MemoryEstimate estimate = MemoryEstimator.Of(request(other));
            double expected = estimate.TotalMb * miss;
            return expected > estimate.BudgetMb ? null : expected;
        }

        IEnumerable<RunSuggestion> First(IEnumerable<RunSpec> candidates, Func<RunSpec, double?> fits) =>
            candidates.Select(other => (other, Mb: fits(other))).Where(tried => tried.Mb is not null).Take(1).Select(tried => Describe(spec, tried.other, tried.Mb!.Value));
    }

    /// <summary>One sentence on a run that is over its budget.</summary>
    /// <param name="now">Its estimate.</param>
    /// <param name="suggestions">Changes that suffice.</param>
    /// <param name="needs">What is known of its need, for example "The run needs about 900 MiB".</param>
    public static string Sentence(MemoryEstimate now, IReadOnlyList<RunSuggestion> suggestions, string? needs = null)
    {
        string over = FormattableString.Invariant($"{needs ?? FormattableString.Invariant($"The run needs about {now.TotalMb:F0} MiB")}, the budget is {now.BudgetMb} MiB");
        string[] fitting = [.. suggestions.Where(change => !change.Changes.ContainsKey("memoryBudgetMb")).Select(change => change.Label)];
        return fitting.Length > 0
            ? $"{over}; it would fit with {string.Join(", or with ", fitting)}."
            : FormattableString.Invariant($"{over}; no change of packTokens, rank, targetModules or precision makes it fit (weights and process take {now.WeightsMb + now.ProcessMb:F0} MiB): use a smaller model or a larger memoryBudgetMb.");
    }

    // Passes shrink in steps of halves: a figure to type, not an optimum.
    private static IEnumerable<RunSpec> Passes(RunSpec spec, Func<RunSpec, MemoryRequest> request) =>
        Halvings(MemoryEstimator.Of(request(spec)).PassTokens).Where(tokens => tokens >= LeastTokens).Select(tokens => spec with { PackTokens = tokens, MicroBatch = MicroBatch.Auto });

    private static IEnumerable<RunSpec> Targets(RunSpec spec) => spec.TargetModules.Names is null || spec.TargetModules.Names.Count > 2 ? [spec with { TargetModules = _fewest }] : [];

    private static IEnumerable<RunSpec> Halves(RunSpec spec) => spec.Precision == Precision.Fp32 ? [spec with { Precision = Precision.Bf16 }] : [];

    private static IEnumerable<RunSpec> Together(RunSpec spec, Func<RunSpec, MemoryRequest> request)
    {
        foreach (RunSpec half in (IEnumerable<RunSpec>)[spec, .. Halves(spec)])
        {
            foreach (RunSpec small in Passes(half, request))
            {
                yield return small;
                foreach (RunSpec fewer in Targets(small))
                {
                    yield return fewer;
                }
            }
        }
    }

    private static IEnumerable<RunSpec> Budgets(RunSpec spec, Func<RunSpec, MemoryRequest> request, double miss, double deviceMb)
    {
        // A larger budget may let larger passes in, so that one look is not enough.
        for (double need = MemoryEstimator.Of(request(spec)).TotalMb * miss; need <= deviceMb; need *= 1.25)
        {
            yield return spec with { MemoryBudgetMb = (int)Math.Ceiling(need / BudgetGrain) * BudgetGrain };
        }
    }

    private static RunSuggestion Describe(RunSpec spec, RunSpec other, double totalMb)
    {
        JsonObject changes = [];
        List<string> words = [];
        JsonObject before = JsonSerializer.SerializeToNode(spec, ContractJson.Options)!.AsObject();
        foreach ((string field, JsonNode? value) in JsonSerializer.SerializeToNode(other, ContractJson.Options)!.AsObject())
        {
            if (!JsonNode.DeepEquals(value, before[field]))
            {
                changes[field] = value?.DeepClone();
                words.Add($"{field} {(value is JsonArray names ? string.Join(" and ", names) : value)}");
            }
        }

        return new(string.Join(", ", words), changes, totalMb);
    }

    private static IEnumerable<int> Halvings(int from)
    {
        for (int value = from / 2; value >= 1; value /= 2)
        {
            yield return value;
        }
    }
}
