using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Memory;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Training;
using LoraLab.Training.Training.Memory;
using Xunit;

namespace LoraLab.Tests.Training.Training.Memory;

/// <summary>Advice for runs over their budget; each suggested change suffices by itself.</summary>
public sealed class MemoryAdviceTests
{
    private static readonly LlamaConfig _config = new()
    {
        ModelType = "llama",
        HiddenSize = 2048,
        IntermediateSize = 5632,
        Layers = 22,
        Heads = 32,
        KeyValueHeadsOrNull = 4,
        VocabularySize = 32000,
    };

    private static readonly RunSpec _spec = new() { Rank = 32, TargetModules = TargetModules.AllLinear, Precision = Precision.Fp32 };

    [Theory]
    [InlineData(0.97, "packTokens 300, or with rank 16, or with targetModules q_proj and v_proj, or with precision bf16")]
    [InlineData(0.6, "precision bf16")]
    [InlineData(0.1, "use a smaller model or a larger memoryBudgetMb")]
    public void Message_Budget_NamesEachChangeThatSuffices(double share, string advice)
    {
        int budget = Budget(share);
        RunSpec spec = _spec with { MemoryBudgetMb = budget };

        string message = MemoryAdvice.Message(MemoryEstimator.Of(Request(spec)), spec, MemoryAdvice.Suggestions(spec, Request));

        Assert.Contains(advice, message, StringComparison.Ordinal);
        Assert.Contains($"the budget is {NumberFormat.Mebibytes(budget)}", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.99, 1)]
    [InlineData(0.9, 1)]
    [InlineData(0.9, 1.15)]
    [InlineData(0.6, 1)]
    [InlineData(0.54, 1)]
    [InlineData(0.3, 1)]
    public void Suggestions_AppliedToTheSpecification_Fit(double share, double underestimate)
    {
        RunSpec spec = _spec with { MemoryBudgetMb = Budget(share) };

        IReadOnlyList<RunSuggestion> suggestions = MemoryAdvice.Suggestions(spec, Request, underestimate, deviceMb: 64_000);

        Assert.NotEmpty(suggestions);
        Assert.All(suggestions, suggestion =>
        {
            MemoryEstimate estimate = MemoryEstimator.Of(Request(Apply(spec, suggestion.Changes)));
            Assert.Equal(suggestion.TotalMb!.Value, estimate.TotalMb * underestimate, precision: 6);
            Assert.InRange(suggestion.TotalMb.Value, 0, estimate.BudgetMb!.Value);
        });
    }

    [Fact]
    public void Suggestions_GpuWithoutBf16_NameFp16()
    {
        RunSpec spec = _spec with { MemoryBudgetMb = Budget(0.6) };

        IEnumerable<RunSuggestion> advice =
        [
            .. MemoryAdvice.Suggestions(spec, Request, halfPrecision: Precision.Fp16),
            .. FailureAdvice.For(EndReason.OutOfMemory, spec, passTokens: null, Precision.Fp16),
        ];

        string[] precisions = [.. advice.Select(change => (string?)change.Changes["precision"]).OfType<string>()];
        Assert.Equal(["fp16", "fp16"], precisions);
    }

    [Fact]
    public void Suggestions_NothingButALargerBudgetHelps_NamesOneThatTheDeviceHas()
    {
        RunSpec spec = _spec with { MemoryBudgetMb = Budget(0.1) };

        RunSuggestion only = Assert.Single(MemoryAdvice.Suggestions(spec, Request, deviceMb: 64_000));

        Assert.Equal(["memoryBudgetMb"], only.Changes.Select(change => change.Key));
        Assert.Empty(MemoryAdvice.Suggestions(spec, Request, deviceMb: spec.MemoryBudgetMb!.Value));
    }

    [Theory]
    [InlineData("ia3", "rank")]
    [InlineData("full", "rank")]
    [InlineData("full", "targetModules")]
    public void Suggestions_MethodWithoutAField_DoNotChangeIt(string method, string field)
    {
        RunSpec spec = SpecOf(method);
        foreach (double share in new[] { 0.97, 0.9, 0.7, 0.5 })
        {
            IReadOnlyList<RunSuggestion> suggestions =
                MemoryAdvice.Suggestions(spec with { MemoryBudgetMb = Budget(share, spec) }, Request, deviceMb: 64_000);

            Assert.All(suggestions.Where(change => !change.Changes.ContainsKey("method")), change =>
                Assert.False(change.Changes.ContainsKey(field), change.Label));
        }

        string hopeless = MemoryAdvice.Message(MemoryEstimator.Of(Request(spec with { MemoryBudgetMb = 1 })), spec, []);
        Assert.DoesNotContain(field, hopeless, StringComparison.Ordinal);
    }

    [Fact]
    public void Suggestions_CalibrationIsThePeak_NameFewerRowsOrFewerTargets()
    {
        RunSpec inputs = SpecOf("corda");
        RunSpec gradients = SpecOf("lora-ga", new() { ["calibrationSamples"] = 1024 });

        // The covariance of the widest input takes most, whatever the rows; with gradients, the rows' inputs of all blocks do.
        RunSuggestion fewerTargets = Assert.Single(Calibrated(inputs, 0.9), change => change.Changes.ContainsKey("targetModules"));
        RunSuggestion fewerRows = Assert.Single(Calibrated(gradients, 0.97), change => change.Changes.ContainsKey("methodOptions"));

        Assert.Equal("targetModules q_proj and v_proj", fewerTargets.Label);
        Assert.StartsWith("calibrationSamples ", fewerRows.Label, StringComparison.Ordinal);
        Assert.DoesNotContain(Calibrated(inputs, 0.9), change => change.Changes.ContainsKey("rank"));
    }

    [Fact]
    public void Suggestions_NothingButTheCalibrationIsTooLarge_NameAMethodWithout()
    {
        RunSpec spec = SpecOf("corda") with { TargetModules = TargetModules.Of("down_proj"), Precision = Precision.Bf16 };

        double ofLora = MemoryEstimator.Of(Request(spec with { Method = "lora", MethodOptions = [] })).TotalMb;

        RunSuggestion only = Assert.Single(
            MemoryAdvice.Suggestions(spec with { MemoryBudgetMb = (int)(1.1 * ofLora) }, Request, deviceMb: 64_000));

        Assert.Equal("lora", (string?)only.Changes["method"]);
    }

    [Fact]
    public void Suggestions_SmallerRankOfAdaLora_LowersItsTargetToo()
    {
        RunSpec spec = SpecOf("adalora", new() { ["targetRank"] = 20 });

        IReadOnlyList<RunSuggestion> suggestions =
            MemoryAdvice.Suggestions(spec with { MemoryBudgetMb = Budget(0.97, spec) }, Request);

        RunSuggestion smaller = Assert.Single(suggestions, change => change.Changes.ContainsKey("rank"));

        Assert.Equal(16, (int)smaller.Changes["rank"]!);
        Assert.InRange((int)smaller.Changes["methodOptions"]!["targetRank"]!, 1, 16);
    }

    [Fact]
    public void Advice_AfterRunningOutOfMemory_IsWhatTheMethodHas()
    {
        string[] linears = [.. _config.Block.Linears.Select(linear => linear.Name)];
        RunSpec ia3 = SpecOf("ia3"), corda = SpecOf("corda");

        Assert.DoesNotContain(
            FailureAdvice.For(EndReason.OutOfMemory, ia3, passTokens: 600), change => change.Changes.ContainsKey("rank"));
        Assert.Contains(FailureAdvice.For(EndReason.OutOfMemory, corda, passTokens: 600), change => change.Label == "rank 16");
        Assert.Equal(
            ["precision bf16", "calibrationSamples 32", "targetModules q_proj and v_proj"],
            FailureAdvice.For(EndReason.OutOfMemory, corda, passTokens: null, calibrated: linears).Select(change => change.Label));
    }

    private static IReadOnlyList<RunSuggestion> Calibrated(RunSpec spec, double share)
    {
        Assert.Equal(MemoryPeak.Calibration, MemoryEstimator.Of(Request(spec)).Peak);
        return MemoryAdvice.Suggestions(spec with { MemoryBudgetMb = Budget(share, spec) }, Request);
    }

    private static RunSpec SpecOf(string method, JsonObject? options = null) =>
        _spec with { Method = method, MethodOptions = LoraMethods.Find(method)!.Complete(options ?? [], []) };

    private static int Budget(double share, RunSpec spec) => (int)(share * MemoryEstimator.Of(Request(spec)).TotalMb);

    private static int Budget(double share) => (int)(share * MemoryEstimator.Of(Request(_spec)).TotalMb);

    private static RunSpec Apply(RunSpec spec, JsonObject changes)
    {
        JsonObject json = JsonSerializer.SerializeToNode(spec, ContractJson.Options)!.AsObject();
        foreach ((string field, JsonNode? value) in changes)
        {
            json[field] = value?.DeepClone();
        }

        return json.Deserialize<RunSpec>(ContractJson.Options)!;
    }

    private static MemoryRequest Request(RunSpec spec) => new()
    {
        Config = _config,
        Spec = spec,
        Adapters = MemoryRequest.AdaptersOf(spec, _config),
        Training = [Pass(spec.PackTokens ?? 600)],
        Evaluation = [Pass(200)],
        Calibration = (int?)spec.MethodOptions["calibrationSamples"] is int rows ? new(rows * 60, 60) : null,
        BudgetMb = spec.MemoryBudgetMb,
    };

    private static PassShape Pass(int rows) => new(rows, Math.Max(1, rows / 40), rows, rows, rows * 40, rows);
}
