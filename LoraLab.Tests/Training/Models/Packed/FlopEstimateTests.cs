using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters;
using LoraLab.Training.Data;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Specs;
using LoraLab.Training.Tasks.Classification;
using LoraLab.Training.Torch;
using LoraLab.Training.Training.Gradients;
using LoraLab.Training.Training.Optimization;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Models.Packed;

/// <summary>The closed form against the issued FLOPs, exactly.</summary>
public sealed class FlopEstimateTests
{
    private static readonly int[] _lengths = [9, 7, 12, 5];

    public static TheoryData<string> Targets { get; } =
        [
            "q_proj,k_proj,v_proj,o_proj,gate_proj,up_proj,down_proj",
            "q_proj,v_proj",
            "v_proj",
            "o_proj",
            "o_proj,down_proj",
            "gate_proj",
            "up_proj",
            "down_proj",
        ];

    [Theory]
    [MemberData(nameof(Targets))]
    public void Training_PackedWithSharedPrefix_EqualsTheFlopsOfTheKernels(string targets)
    {
        using AdaptedLlama adapted = AdaptedLlama.Create(Spec(targets));
        using FlatParameters gradients = new(adapted.Parameters.Select(parameter => (parameter.Name, parameter.Value, 1.0)));
        using FlopLedger ledger = new();
        using PackedLlama packed = new(adapted.Model) { Ledger = ledger };
        TrainingExample[] window = Window();
        RunSchedule plan = new(window.Length, window.Length, 1, null, 1);
        using TrainingPasses passes = new(
            plan,
            window,
            new PassLimits(window.Length, null, SharePrefix: true),
            LossWeighting.PerExampleMean,
            TinyLlama.Config,
            CPU);
        TrainingPass pass = passes.Of(1).Single();

        packed.Gradient(pass).Dispose();

        Assert.True(pass.Layout.Rows < _lengths.Sum(length => length - 1), "Nothing is shared.");
        Assert.Equal(Estimate(targets).Training(pass.Layout.Rows, pass.TargetRows), ledger.Total);
    }

    [Theory]
    [MemberData(nameof(Targets))]
    public void Training_OneSentencePerPass_EqualsTheFlopsOfAutograd(string targets)
    {
        using AdaptedLlama adapted = AdaptedLlama.Create(Spec(targets));
        using FlopLedger ledger = new();
        ForwardPass counted = new(Ledger: ledger);
        long expected = 0;
        foreach (WindowPass pass in WindowPass.Split(Window(), 1, LossWeighting.PerExampleMean, CPU))
        {
            using WindowPass current = pass;
            using IDisposable scope = NewDisposeScope();
            Tensor hidden_BTD = adapted.Model.Hidden(pass.Ids_BT, counted);
            adapted.Model.Logits(hidden_BTD.reshape(-1, hidden_BTD.shape[2]).index_select(0, pass.TargetPositions_N), counted);
            expected += Estimate(targets).Training(pass.Ids_BT.numel(), pass.TargetIds_N.numel());
        }

        Assert.Equal(expected, ledger.Total);
    }

    [Fact]
    public void Evaluation_PackedAndNaive_EqualTheIssuedFlops()
    {
        const string AllLinears = "q_proj,k_proj,v_proj,o_proj,gate_proj,up_proj,down_proj";
        using AdaptedLlama adapted = AdaptedLlama.Create(Spec(AllLinears));
        EvaluationExample[] examples = [.. Window().Select(example => new EvaluationExample(example.Row, 0, example.Ids, [[3], [4, 5]]))];
        using ClassificationEvaluation evaluation = new(["a", "b"], examples, LabelScore.Sum, TinyLlama.Config, CPU);
        using FlopLedger ledger = new();
        using PackedLlama packed = new(adapted.Model) { Ledger = ledger };

        evaluation.Run(packed, CancellationToken.None);

        Assert.Equal(evaluation.Passes.Sum(pass => Estimate(AllLinears).Evaluation(pass.Rows, pass.HeadRows)), ledger.Total);
        Assert.Equal(2 * examples.Length, evaluation.Passes.Sum(pass => pass.HeadRows));

        ledger.Reset();
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        Tensor hidden_BTD = adapted.Model.Hidden(TinyLlama.Ids(1, 1, 10), new ForwardPass(Ledger: ledger));
        adapted.Model.Logits(hidden_BTD.squeeze(0), new ForwardPass(Ledger: ledger));

        Assert.Equal(Estimate(AllLinears).Forward(10, 10), ledger.Total);
    }

    private static RunSpec Spec(string targets) =>
        AdaptedLlama.SpecOf("lora") with { TargetModules = TargetModules.Of(targets.Split(',')) };

    private static FlopEstimate Estimate(string targets) => new(TinyLlama.Config, targets.Split(','));

    // Sentences with a common prefix, as with a prompt.
    private static TrainingExample[] Window() =>
        [.. AdaptedLlama.Window(5, _lengths).Select(example => example with { Ids = [1, 7, 8, .. example.Ids[3..]] })];
}
