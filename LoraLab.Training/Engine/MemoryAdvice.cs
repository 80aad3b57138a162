using LoraLab.Contracts.Runs;

namespace LoraLab.Training.Engine;

/// <summary>What would make a run fit its budget, as one sentence: each change by itself, and only changes that suffice.</summary>
internal static class MemoryAdvice
{
    private const int LeastTokens = 64;

    public static string For(RunSpec spec, Func<RunSpec, MemoryRequest> request)
    {
        MemoryEstimate now = MemoryEstimator.Of(request(spec));
        List<string> changes = [];
        if (LargestPass(spec, now, request) is int tokens)
        {
            changes.Add($"packTokens {tokens}");
        }

        if (Halvings(spec.Rank).Cast<int?>().FirstOrDefault(rank => Fits(spec with { Rank = rank!.Value })) is int rank)
        {
            changes.Add($"rank {rank}");
        }

        TargetModules fewer = TargetModules.Of("q_proj", "v_proj");
        if (now.AdaptersMb > 0 && (spec.TargetModules.Names is null || spec.TargetModules.Names.Count > 2) && Fits(spec with { TargetModules = fewer }))
        {
            changes.Add("targetModules q_proj and v_proj");
        }

        if (spec.Precision == Precision.Fp32 && Fits(spec with { Precision = Precision.Bf16 }))
        {
            changes.Add("precision bf16");
        }

        string over = FormattableString.Invariant($"The run needs about {now.TotalMb:F0} MiB, the budget is {now.BudgetMb} MiB");
        return changes.Count > 0
            ? $"{over}; it would fit with {string.Join(", or with ", changes)}."
            : FormattableString.Invariant($"{over}; no change of packTokens, rank, targetModules or precision alone makes it fit (weights and process take {now.WeightsMb + now.ProcessMb:F0} MiB): use a smaller model or a larger memoryBudgetMb.");

        bool Fits(RunSpec other) => MemoryEstimator.Of(request(other)).Fits;
    }

    // Passes shrink in steps of halves: a figure to type, not an optimum.
    private static int? LargestPass(RunSpec spec, MemoryEstimate now, Func<RunSpec, MemoryRequest> request) => Halvings(now.PassTokens)
        .Where(tokens => tokens >= LeastTokens)
        .Cast<int?>()
        .FirstOrDefault(tokens => MemoryEstimator.Of(request(spec with { PackTokens = tokens, MicroBatch = MicroBatch.Auto })).Fits);

    private static IEnumerable<int> Halvings(int from)
    {
        for (int value = from / 2; value >= 1; value /= 2)
        {
            yield return value;
        }
    }
}
