using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Memory;
using LoraLab.Training.Models.Packed;
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

        string message = MemoryAdvice.Message(MemoryEstimator.Of(Request(spec)), MemoryAdvice.Suggestions(spec, Request));

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
    public void Suggestions_NothingButALargerBudgetHelps_NamesOneThatTheDeviceHas()
    {
        RunSpec spec = _spec with { MemoryBudgetMb = Budget(0.1) };

        RunSuggestion only = Assert.Single(MemoryAdvice.Suggestions(spec, Request, deviceMb: 64_000));

        Assert.Equal(["memoryBudgetMb"], only.Changes.Select(change => change.Key));
        Assert.Empty(MemoryAdvice.Suggestions(spec, Request, deviceMb: spec.MemoryBudgetMb!.Value));
    }

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
        BudgetMb = spec.MemoryBudgetMb,
    };

    private static PassShape Pass(int rows) => new(rows, Math.Max(1, rows / 40), rows, rows, rows * 40, rows);
}
