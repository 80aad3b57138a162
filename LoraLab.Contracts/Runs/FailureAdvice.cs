using System.Globalization;
using System.Text.Json.Nodes;

namespace LoraLab.Contracts.Runs;

/// <summary>Changes with which a clone of a failed run may succeed, where they follow from the reason and the specification alone.</summary>
public static class FailureAdvice
{
    private const int LeastTokens = 64;

    /// <summary>The changes; empty where the reason has nothing to do with the specification.</summary>
    /// <param name="reason">Why it failed.</param>
    /// <param name="spec">The specification as it was used.</param>
    /// <param name="passTokens">Tokens of its largest pass; null where passes cannot be smaller.</param>
    public static IReadOnlyList<RunSuggestion> For(EndReason reason, RunSpec spec, int? passTokens) => reason switch
    {
        EndReason.Diverged => [.. Calmer(spec)],
        EndReason.OutOfMemory => [.. Smaller(spec, passTokens)],
        _ => [],
    };

    private static IEnumerable<RunSuggestion> Calmer(RunSpec spec)
    {
        if (spec.LearningRate is double rate)
        {
            double tenth = Tenth(rate);
            JsonObject changes = new() { ["learningRate"] = tenth };
            if (spec.LearningRateB is double ofB)
            {
                changes["learningRateB"] = Tenth(ofB);
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

    private static IEnumerable<RunSuggestion> Smaller(RunSpec spec, int? passTokens)
    {
        if (passTokens / 2 is int half and >= LeastTokens)
        {
            yield return new($"packTokens {half}", new() { ["packTokens"] = half, ["microBatch"] = "auto" });
        }

        if (spec.Precision == Precision.Fp32)
        {
            yield return new("precision bf16", new() { ["precision"] = "bf16" });
        }

        if (spec.Rank > 1)
        {
            yield return new($"rank {spec.Rank / 2}", new() { ["rank"] = spec.Rank / 2 });
        }
    }

    // 0.002 / 10 is 0.00019999999999999998 in binary.
    private static double Tenth(double rate) => double.Parse((rate / 10).ToString("G6", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
}
