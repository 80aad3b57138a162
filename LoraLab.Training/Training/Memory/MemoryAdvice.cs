using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters;
using LoraLab.Training.Models.Memory;
using LoraLab.Training.Specs;

namespace LoraLab.Training.Training.Memory;

/// <summary>
/// Suggests changes that make a run fit its memory budget. Each is tried on the estimator and suffices by itself; combinations are
/// suggested only if no single change suffices, and a larger budget only if no combination does.
/// </summary>
internal static class MemoryAdvice
{
    private const int MinPassTokens = 64;
    private const int BudgetRounding = 64;

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
        string[] linears = [.. request(spec).Config.Block.Linears.Select(linear => linear.Name)];
        List<RunSuggestion> found =
        [
            .. First(SmallerPasses(spec, request)),
            .. First(SmallerSpec.Calibrations(spec)),
            .. First(SmallerSpec.Ranks(spec)),
            .. First(SmallerSpec.Targets(spec, linears)),
            .. First(HalfPrecision(spec, halfPrecision)),
            .. First(FourBits(spec, request)),
            .. First(OtherMethod(spec)),
        ];
        if (found.Count == 0)
        {
            found.AddRange(First(Combinations(spec, request, linears, halfPrecision)));
        }

        if (found.Count == 0 && SmallerSpec.Calibrates(spec))
        {
            found.AddRange(First([WithLora(spec)]));
        }

        if (found.Count == 0)
        {
            found.AddRange(First(LargerBudgets(spec, request, underestimate, deviceMb)));
        }

        return found;

        double? FittingMb(RunSpec other)
        {
            MemoryRequest needed = request(other);
            MemoryEstimate estimate = MemoryEstimator.Of(needed);
            double expected = estimate.TotalMb * underestimate;
            return expected > estimate.BudgetMb || !IsAllowed(other, needed) ? null : expected;
        }

        IEnumerable<RunSuggestion> First(IEnumerable<RunSpec> candidates) =>
            candidates.Select(other => (other, Mb: FittingMb(other))).Where(tried => tried.Mb is not null).Take(1)
                .Select(tried => SmallerSpec.Change(spec, tried.other, tried.Mb));
    }

    /// <summary>Returns the error of a run that exceeds its budget, or the memory of the device if it has none.</summary>
    /// <param name="estimate">Its estimate.</param>
    /// <param name="suggestions">Changes that suffice.</param>
    /// <param name="needs">The memory that it needs, as a clause; null: "The run needs about 900 MiB" from the estimate.</param>
    /// <param name="spec">The specification.</param>
    /// <param name="ofDevice">Whether the run has no budget and exceeds the memory of the device.</param>
    public static string Message(
        MemoryEstimate estimate, RunSpec spec, IReadOnlyList<RunSuggestion> suggestions, string? needs = null, bool ofDevice = false)
    {
        string need = needs ?? $"The run needs about {NumberFormat.Mebibytes(estimate.TotalMb)}";
        string limit = ofDevice ? "the device has" : "the budget is";
        string excess = $"{need}, but {limit} {NumberFormat.Mebibytes(estimate.BudgetMb!.Value)}";
        string[] fitting = [.. suggestions.Where(change => !change.Changes.ContainsKey("memoryBudgetMb")).Select(change => change.Label)];
        return fitting.Length > 0
            ? $"{excess}; it would fit with {string.Join(", or with ", fitting)}."
            : $"{excess}, and no change to {Tried(spec)} or precision makes it fit (weights and process take "
                + $"{NumberFormat.Mebibytes(estimate.WeightsMb + estimate.ProcessMb)}): use a smaller model or a larger memoryBudgetMb.";
    }

    private static string Tried(RunSpec spec) => string.Join(
        ", ", ((string[])["packTokens", "rank", "targetModules"]).Where(field => SmallerSpec.Uses(spec, field))
            .Concat(SmallerSpec.Calibrates(spec) ? ["calibrationSamples"] : []));

    /// <summary>Whether a method accepts a changed specification of its own.</summary>
    private static bool IsAllowed(RunSpec spec, MemoryRequest request) => LoraMethods.Find(spec.Method) is not LoraMethod method
        || ((request.Calibration is not CalibrationShape rows || rows.Tokens > method.ComponentsNeeded(spec.Rank, spec.MethodOptions))
            && (method.TrainsWeights || !method.Problems(spec, [.. request.Config.AdaptedLinears(spec.TargetModules)]).Any()));

    // Pass sizes are halved: round numbers to set, not an optimum.
    private static IEnumerable<RunSpec> SmallerPasses(RunSpec spec, Func<RunSpec, MemoryRequest> request) =>
        Halvings(MemoryEstimator.Of(request(spec)).PassTokens).Where(tokens => tokens >= MinPassTokens)
            .Select(tokens => spec with { PackTokens = tokens, MicroBatch = MicroBatch.Auto });

    private static IEnumerable<RunSpec> HalfPrecision(RunSpec spec, Precision half) =>
        spec.Precision == Precision.Fp32 ? [spec with { Precision = half }] : [];

    private static IEnumerable<RunSpec> FourBits(RunSpec spec, Func<RunSpec, MemoryRequest> request) =>
        spec.BaseWeights == BaseWeights.AsStored && LoraMethods.Find(spec.Method) is { TrainsWeights: false } method
            && BaseForm.Problem(spec with { BaseWeights = BaseWeights.Nf4Double }, method, request(spec).Config) is null
            ? [spec with { BaseWeights = BaseWeights.Nf4Double }]
            : [];

    // Adapters take a small part of the memory of gradients and moments.
    private static IEnumerable<RunSpec> OtherMethod(RunSpec spec) => LoraMethods.Find(spec.Method)?.TrainsWeights == true
        ? [WithLora(spec)]
        : [];

    private static RunSpec WithLora(RunSpec spec) => spec with { Method = "lora", LearningRate = null, MethodOptions = [] };

    private static IEnumerable<RunSpec> Combinations(
        RunSpec spec, Func<RunSpec, MemoryRequest> request, string[] linears, Precision halfPrecision)
    {
        foreach (RunSpec half in (IEnumerable<RunSpec>)[spec, .. HalfPrecision(spec, halfPrecision)])
        {
            foreach (RunSpec small in SmallerPasses(half, request))
            {
                yield return small;
                foreach (RunSpec fewer in SmallerSpec.Targets(small, linears))
                {
                    yield return fewer;
                }
            }

            foreach (RunSpec fewer in SmallerSpec.Targets(half, linears))
            {
                yield return fewer;
            }
        }
    }

    private static IEnumerable<RunSpec> LargerBudgets(
        RunSpec spec, Func<RunSpec, MemoryRequest> request, double underestimate, double deviceMb)
    {
        // A larger budget may allow larger passes, which need more memory again, so several are tried. Each leaves room for the error of
        // the estimate: what is suggested must hold.
        for (double need = MemoryEstimator.Of(request(spec)).TotalMb * underestimate; need <= deviceMb; need *= 1.25)
        {
            double safe = Math.Min(need * (1 + MemoryBudgetCheck.Uncertainty), deviceMb);
            yield return spec with { MemoryBudgetMb = (int)Math.Min(Math.Ceiling(safe / BudgetRounding) * BudgetRounding, deviceMb) };
        }
    }

    private static IEnumerable<int> Halvings(int from)
    {
        for (int value = from / 2; value >= 1; value /= 2)
        {
            yield return value;
        }
    }
}
