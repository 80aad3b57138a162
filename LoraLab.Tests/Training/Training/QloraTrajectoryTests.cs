using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters;
using LoraLab.Training.Torch;
using LoraLab.Training.Training;
using Xunit;

namespace LoraLab.Tests.Training.Training;

/// <summary>
/// LoRA on a base in four bits against PEFT on the base that bitsandbytes quantized: losses and gradient norms within 2e-5 relative, label
/// scores of 32 rows within 1e-3. The base is loaded as bitsandbytes saved it.
/// </summary>
public sealed class QloraTrajectoryTests(GoldenRuns runs, ITestOutputHelper output) : IClassFixture<GoldenRuns>
{
    private const double Limit = 2e-5;

    public static TheoryData<string, string> Cases =>
        [.. QloraGoldens.Names.SelectMany(name => new[] { (name, "auto"), (name, "1") })];

    public static TheoryData<string> Names => [.. QloraGoldens.Names];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Train_OnFourBits_FollowsPeft(string name, string microBatch) => Follow(name, microBatch);

    [Theory]
    [MemberData(nameof(Names))]
    public void Train_OnFourBitsWithTheKernelsOfAGpu_FollowsPeft(string name)
    {
        using IDisposable kernels = Kernels.Choose(KernelSet.Gpu);
        Follow(name, "auto");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Train_PlainModelInFourBits_FollowsPeftAndIsCached(string name)
    {
        string form = QloraGoldens.IsDouble(name) ? "nf4-double" : "nf4";
        Follow(name, "auto", QloraGoldens.PlainName(name), form);

        FinishedRun again = RunPlain(QloraGoldens.PlainName(name), form, "lora");

        Assert.Contains("layers in four bits were cached by earlier runs", Log(again), StringComparison.Ordinal);
        Assert.Equal(form, EnumWords.Of(again.Prepared.Environment.BaseWeights));
    }

    [Theory]
    [InlineData("pissa")]
    [InlineData("olora")]
    [InlineData("milora")]
    public void Train_MethodThatChangesAPlainBase_QuantizesTheRestAndIsEvaluatedAsTrained(string method)
    {
        FinishedRun run = RunPlain("stories260K", "nf4", method);

        Assert.True(run.Ended.Reason == EndReason.Finished, run.Ended.Error);
        Assert.Matches(@"the quantized start differs from the model by \d+\.\d\d% of the norm", Log(run));
        using PreparedRun evaluated = runs.Evaluation(Path.Combine(run.Folder, RunFiles.Adapter));
        Assert.Equal(
            run.Series(MetricKeys.EvalLoss).Values.Last(),
            evaluated.Evaluation.Run(evaluated.Model, CancellationToken.None).Metrics[MetricKeys.EvalLoss],
            1e-5);
    }

    [Theory]
    [InlineData("full", "stories260K", "trains the weights themselves")]
    [InlineData("lora", "nf4-stories260K/model-4bit", "are stored in nf4-double")]
    public void Train_FormThatDoesNotFit_IsRefused(string method, string model, string reason)
    {
        FinishedRun run = RunPlain(model, "nf4", method);

        Assert.Equal(EndReason.BadData, run.Ended.Reason);
        Assert.Contains(reason, run.Ended.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("full")]
    [InlineData("pissa")]
    [InlineData("olora")]
    public void Train_MethodThatChangesTheBase_IsRefused(string method)
    {
        JsonObject golden = QloraGoldens.Trajectory("nf4-stories260K");
        (golden["warmup"], golden["weightDecay"]) = (0, 0.0);

        FinishedRun run = runs.RunSmall(PeftGoldens.Spec(golden, null), "auto", changed =>
        {
            (changed["model"], changed["method"], changed["methodOptions"]) = ("nf4-stories260K/model-4bit", method, new JsonObject());
            Array.ForEach([.. LoraMethods.Find(method)!.Descriptor.UnusedFields], field => changed.Remove(field));
        });

        Assert.Equal(EndReason.BadData, run.Ended.Reason);
        Assert.Contains("stored in four bits", run.Ended.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("dora")]
    [InlineData("lora-xs")]
    [InlineData("lora-fa")]
    [InlineData("ia3")]
    [InlineData("loha")]
    [InlineData("lokr")]
    [InlineData("vera")]
    [InlineData("adalora")]
    public void Train_MethodThatLeavesTheBaseAlone_IsTheSameInPassesOfBothKinds(string method)
    {
        Dictionary<string, double[]> losses = [];
        foreach (string microBatch in (string[])["auto", "1"])
        {
            JsonObject golden = QloraGoldens.Trajectory("nf4-stories260K");
            (golden["warmup"], golden["weightDecay"]) = (0, 0.0);
            FinishedRun run = runs.RunSmall(PeftGoldens.Spec(golden, null), GoldenRuns.MicroBatch(microBatch), changed =>
            {
                (changed["model"], changed["method"], changed["methodOptions"]) = ("nf4-stories260K/model-4bit", method, new JsonObject());
                (changed["evalSamples"], changed["maxSteps"]) = (4, 4);
                Array.ForEach([.. LoraMethods.Find(method)!.Descriptor.UnusedFields], field => changed.Remove(field));
            });
            Assert.True(run.Ended.Reason == EndReason.Finished, run.Ended.Error);
            losses[microBatch] = [.. run.Series(MetricKeys.TrainLoss).Values];
        }

        Assert.All(losses["auto"].Zip(losses["1"]), pair => Assert.Equal(pair.First, pair.Second, Limit * Math.Abs(pair.First)));
    }

    private static string Log(FinishedRun run) => File.ReadAllText(Path.Combine(run.Folder, RunFiles.Attempt(1), "log.txt"));

    private FinishedRun RunPlain(string model, string form, string method)
    {
        JsonObject golden = QloraGoldens.Trajectory("nf4-stories260K");
        (golden["warmup"], golden["weightDecay"]) = (0, 0.0);
        return runs.RunSmall(PeftGoldens.Spec(golden, null), "auto", changed =>
        {
            (changed["model"], changed["baseWeights"], changed["method"], changed["methodOptions"]) =
                (model, form, method, new JsonObject());
            (changed["evalSamples"], changed["maxSteps"]) = (32, 4);
            Array.ForEach([.. LoraMethods.Find(method)!.Descriptor.UnusedFields], field => changed.Remove(field));
        });
    }

    private void Follow(string name, string microBatch, string? plain = null, string? form = null)
    {
        JsonObject golden = QloraGoldens.Trajectory(name);
        (golden["warmup"], golden["weightDecay"]) = (0, 0.0);
        Deviations deviations = new(output, $"qlora/{name}/trajectory.json, microBatch {microBatch}");
        JsonObject spec = PeftGoldens.Spec(golden, Fixtures.Golden("qlora", name, "start"));

        FinishedRun run = runs.RunSmall(spec, GoldenRuns.MicroBatch(microBatch), changed =>
        {
            changed["model"] = plain ?? $"{name}/model-4bit";
            changed["baseWeights"] = form ?? "asStored";
            changed["evalSamples"] = 32;
        });

        Assert.True(run.Ended.Reason == EndReason.Finished, run.Ended.Error);
        JsonArray steps = golden["train"]!.AsArray();
        Assert.Equal(steps.Sum(step => (long)step!["tokens"]!), run.Summary.TrainTokens);
        (IReadOnlyDictionary<int, double> losses, IReadOnlyDictionary<int, double> norms) =
            (run.Series(MetricKeys.TrainLoss), run.Series(MetricKeys.TrainGradNorm));
        foreach (JsonNode? step in steps)
        {
            int n = (int)step!["step"]!;
            deviations.Relative("loss", $"step {n}", (double)step["loss"]!, losses[n], Limit);
            deviations.Relative("gradient norm", $"step {n}", (double)step["gradNorm"]!, norms[n], Limit);
        }

        GoldenTrajectoryTests.CompareScores(run, golden["evalFirst32"]!.AsArray(), steps.Count, 1e-3, deviations);
        deviations.AssertWithinLimits();
    }
}
