using LoraLab.Contracts.Runs;
using LoraLab.Training.Engine;
using LoraLab.Training.Model;
using LoraLab.Training.Packing;
using Xunit;

namespace LoraLab.Tests.Training.Engine;

/// <summary>Advice for runs over their budget; every change that it names makes the run fit by itself.</summary>
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
    public void For_Budget_NamesEachChangeThatSuffices(double share, string advice)
    {
        int budget = (int)(share * MemoryEstimator.Of(Request(_spec, null)).TotalMb);

        Assert.Contains(advice, MemoryAdvice.For(_spec, spec => Request(spec, budget)), StringComparison.Ordinal);
    }

    private static MemoryRequest Request(RunSpec spec, int? budget) => new()
    {
        Config = _config,
        Spec = spec,
        Adapters = MemoryRequest.AdaptersOf(spec, _config),
        Training = [Pass(spec.PackTokens ?? 600)],
        Evaluation = [Pass(200)],
        BudgetMb = budget,
    };

    private static PassShape Pass(int rows) => new(rows, rows / 40, rows, rows, rows * 40, rows);
}
