using System.Text.Json.Nodes;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using LoraLab.Tests.Training.Models.Families;
using LoraLab.Training.Torch;
using Xunit;

namespace LoraLab.Tests.Training.Training;

/// <summary>
/// Six LoRA steps on a small model of each family against PEFT: losses and gradient norms within 2e-5 relative, then the label scores of 32
/// rows within 1e-3, in packed passes and on the reference path.
/// </summary>
public sealed class FamilyTrajectoryTests(GoldenRuns runs, ITestOutputHelper output) : IClassFixture<GoldenRuns>
{
    private const double Limit = 2e-5;

    // The process that computed this reference kept the frequencies of the first long text, in the third step, for all that followed, short
    // ones included. Here each text has the frequencies of its own length, so that only the steps before are comparable; FamilyForwardTests
    // compares texts of both lengths.
    private const string LongRope = "phi3-longrope";
    private const int StepsWithoutLongTexts = 2;

    public static TheoryData<string, string> Cases
    {
        get
        {
            TheoryData<string, string> cases = [];
            foreach (string name in GoldenFamilies.Names.Select(row => row.Data))
            {
                cases.Add(name, "auto");
                cases.Add(name, "1");
            }

            return cases;
        }
    }

    /// <summary>Families that the kernels of a GPU compute differently: norms of outputs and of heads, windows, own frequencies.</summary>
    public static TheoryData<string> OfGpu => ["gemma3", "qwen3", "mistral", "rope-dynamic"];

    public static TheoryData<string> OthersOfGpu =>
        [.. GoldenFamilies.Names.Select(row => row.Data).Except(OfGpu.Select(row => row.Data))];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Train_OfAFamily_FollowsPeft(string name, string microBatch) => Follow(name, microBatch);

    /// <summary>Training and evaluation with the kernels of a GPU.</summary>
    [Theory]
    [Trait("Category", "Long")]
    [MemberData(nameof(OfGpu))]
    public void Train_OfAFamilyOnTheKernelsOfAGpu_FollowsPeft(string name)
    {
        using IDisposable kernels = Kernels.Choose(KernelSet.Gpu);
        Follow(name, "auto");
    }

    [Theory]
    [Trait("Category", "Exhaustive")]
    [MemberData(nameof(OthersOfGpu))]
    public void Train_OfAnotherFamilyOnTheKernelsOfAGpu_FollowsPeft(string name) => Train_OfAFamilyOnTheKernelsOfAGpu_FollowsPeft(name);

    private void Follow(string name, string microBatch)
    {
        JsonObject golden = GoldenFamilies.Read(name, "trajectory.json");
        JsonArray steps = golden["train"]!.AsArray();
        Deviations deviations = new(output, $"families/{name}/trajectory.json, microBatch {microBatch}");

        FinishedRun run = Run(golden, name, microBatch);

        Assert.True(run.Ended.Reason == EndReason.Finished, run.Ended.Error);
        Assert.Equal((long)golden["trainable"]!, run.Prepared.TrainableParameters);
        Assert.Equal(steps.Sum(step => (long)step!["tokens"]!), run.Summary.TrainTokens);
        IReadOnlyDictionary<int, double> losses = run.Series(MetricKeys.TrainLoss);
        IReadOnlyDictionary<int, double> norms = run.Series(MetricKeys.TrainGradNorm);
        bool wholeReference = name != LongRope;
        foreach (JsonNode? step in wholeReference ? steps : steps.Take(StepsWithoutLongTexts))
        {
            int n = (int)step!["step"]!;
            deviations.Relative("loss", $"step {n}", (double)step["loss"]!, losses[n], Limit);
            deviations.Relative("gradient norm", $"step {n}", (double)step["gradNorm"]!, norms[n], Limit);
        }

        if (wholeReference)
        {
            GoldenTrajectoryTests.CompareScores(run, golden["evalFirst32"]!.AsArray(), steps.Count, 1e-3, deviations);
        }

        deviations.AssertWithinLimits();
    }

    private FinishedRun Run(JsonObject golden, string name, string microBatch)
    {
        JsonObject complete = golden.DeepClone().AsObject();
        complete["rsLora"] = false;
        complete["learningRateA"] = golden["learningRate"]!.DeepClone();
        complete["trainSamples"] = (int)golden["steps"]! * (int)golden["effectiveBatch"]!;
        complete["warmup"] = 0;
        complete["weightDecay"] = 0.0;
        return runs.Run(complete, Fixtures.Golden("families", name, "start"), GoldenRuns.MicroBatch(microBatch), whole: false, spec =>
        {
            spec["model"] = $"{name}/model";
            spec["evalSamples"] = 32;
        });
    }
}
