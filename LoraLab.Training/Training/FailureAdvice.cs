using System.Globalization;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Training.Memory;

namespace LoraLab.Training.Training;

/// <summary>
/// Suggested changes for a clone of a failed run, derived from the end reason, the specification and what its method has.
/// </summary>
internal static class FailureAdvice
{
    private const int MinPackTokens = 64;

    /// <summary>Returns the suggested changes; empty if the specification is not the cause.</summary>
    /// <param name="reason">Why the run failed.</param>
    /// <param name="spec">The effective specification.</param>
    /// <param name="passTokens">Tokens of its largest pass; null: passes cannot be smaller.</param>
    /// <param name="halfPrecision">The precision of half the memory that its device has.</param>
    /// <param name="calibrated">
    /// If it failed while its method calibrated, before any pass: names of the linear layers of a block; null: it did not.
    /// </param>
    public static IReadOnlyList<RunSuggestion> For(
        EndReason reason,
        RunSpec spec,
        int? passTokens,
        Precision halfPrecision = Precision.Bf16,
        IReadOnlyList<string>? calibrated = null) => reason switch
        {
            EndReason.Diverged => [.. ForDivergence(spec)],
            EndReason.OutOfMemory => [.. ForOutOfMemory(spec, passTokens, halfPrecision, calibrated)],
            _ => [],
        };

    private static IEnumerable<RunSuggestion> ForDivergence(RunSpec spec)
    {
        if (spec.LearningRate is double rate)
        {
            double tenth = Tenth(rate);
            JsonObject changes = new() { ["learningRate"] = tenth };
            if (spec.LearningRateB is double rateB)
            {
                changes["learningRateB"] = Tenth(rateB);
            }

            yield return new(string.Create(CultureInfo.InvariantCulture, $"learningRate {tenth:R}"), changes);
        }

        if (spec.MaxGradNorm is null)
        {
            yield return new("maxGradNorm 1", new() { ["maxGradNorm"] = 1.0 });
        }

        if (spec.Precision == Precision.Fp16)
        {
            yield return new("precision fp32", new() { ["precision"] = "fp32" });
        }
    }

    private static IEnumerable<RunSuggestion> ForOutOfMemory(
        RunSpec spec, int? passTokens, Precision halfPrecision, IReadOnlyList<string>? calibrated)
    {
        if (passTokens / 2 is int half and >= MinPackTokens)
        {
            yield return new($"packTokens {half}", new() { ["packTokens"] = half, ["microBatch"] = "auto" });
        }

        if (spec.Precision == Precision.Fp32)
        {
            string other = halfPrecision == Precision.Fp16 ? "fp16" : "bf16";
            yield return new($"precision {other}", new() { ["precision"] = other });
        }

        // What is measured for a layer is as large whatever the rank.
        IEnumerable<RunSpec> smaller = calibrated is not null
            ? [.. SmallerSpec.Calibrations(spec).Take(1), .. SmallerSpec.Targets(spec, calibrated)]
            : spec.RankPattern is null ? SmallerSpec.Ranks(spec).Take(1) : [];
        foreach (RunSpec other in smaller)
        {
            yield return SmallerSpec.Change(spec, other);
        }
    }

    // 0.002 / 10 is 0.00019999999999999998 in binary.
    private static double Tenth(double rate) =>
        double.Parse((rate / 10).ToString("G6", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
}
