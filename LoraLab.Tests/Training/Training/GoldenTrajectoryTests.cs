using System.Globalization;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using LoraLab.Training.Torch;
using Xunit;

namespace LoraLab.Tests.Training.Training;

/// <summary>
/// Compares the engine with trajectories that an independent implementation computed in float64: loss and gradient norm of every step
/// within 1e-5 relative, label scores within 1e-3, however a window is split into passes.
/// </summary>
public sealed class GoldenTrajectoryTests(GoldenRuns runs, ITestOutputHelper output) : IClassFixture<GoldenRuns>
{
    private const string Whole = "lora-qv";

    /// <summary>A reference of each method.</summary>
    private static readonly string[] _kinds = ["lora-qv", "lora-completion", "lora-plus-qv", "lora-swapped-qv", "lora-xs-all", "pissa-all"];

    private static readonly string[] _names =
    [
        "lora-all", "lora-completion", "lora-pertoken", "lora-plus-qv", "lora-qv", "lora-swapped-qv", "lora-two-epochs-short-window",
        "lora-warmup",
        "lora-xs-all", "lora-xs-output", "lora-xs-qv", "lora-xs-split", "pissa-all", "pissa-qv", "pissa-rslora",
    ];

    /// <summary>
    /// A single pass. <c>auto</c> resolves to the pass of sixteen here, which each of its
    /// cases asserts; so sixteen is requested explicitly only once, for the case whose <c>auto</c> counterpart reads the whole dataset.
    /// </summary>
    public static TheoryData<string, string> Cases
    {
        get
        {
            TheoryData<string, string> cases = new() { { Whole, "16" } };
            cases.AddRange([.. _kinds.Select(name => (name, "auto"))]);

            return cases;
        }
    }

    /// <summary>The references that <see cref="Cases"/> leaves out.</summary>
    public static TheoryData<string, string> Others => [.. _names.Except(_kinds).Select(name => (name, "auto"))];

    /// <summary>Passes of four sentences, between the reference path and passes of a window.</summary>
    public static TheoryData<string, string> SmallPasses => [.. _kinds.Select(name => (name, "4"))];

    /// <summary>The reference path of every reference.</summary>
    public static TheoryData<string, string> ReferencePath => [.. _names.Select(name => (name, "1"))];

    /// <summary>Every reference in passes of a window, of four sentences and of one, on the kernels of a GPU.</summary>
    public static TheoryData<string, string> OfGpu =>
        [.. _names.SelectMany(name => ((string[])["auto", "4", "1"]).Select(microBatch => (name, microBatch))), ("lora-all", "3")];

    /// <summary>The reference path of one method, so that it is not left to the slow tests.</summary>
    public static TheoryData<string> Names => ["pissa-qv"];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Train_GoldenConfiguration_FollowsTheReference(string name, string microBatch) => Follow(name, microBatch);

    [Theory]
    [Trait("Category", "Long")]
    [MemberData(nameof(Others))]
    public void Train_OtherGoldenConfiguration_FollowsTheReference(string name, string microBatch) => Follow(name, microBatch);

    [Theory]
    [MemberData(nameof(Names))]
    public void Train_GoldenConfigurationOnTheReferencePath_FollowsTheReference(string name) => Follow(name, "1");

    [Theory]
    [Trait("Category", "Exhaustive")]
    [MemberData(nameof(SmallPasses))]
    public void Train_GoldenConfigurationInSmallPasses_FollowsTheReference(string name, string microBatch) => Follow(name, microBatch);

    [Theory]
    [Trait("Category", "Exhaustive")]
    [MemberData(nameof(ReferencePath))]
    public void Train_EveryConfigurationOnTheReferencePath_FollowsTheReference(string name, string microBatch) =>
        Follow(name, microBatch);

    /// <summary>The kernels of a GPU, which a CPU runs too, in training and evaluation.</summary>
    [Theory]
    [Trait("Category", "Long")]
    [InlineData("lora-qv", "16")]
    [InlineData("pissa-qv", "4")]
    public void Train_KernelsOfAGpu_FollowTheReference(string name, string microBatch)
    {
        using IDisposable kernels = Kernels.Choose(KernelSet.Gpu);
        Follow(name, microBatch);
    }

    [Theory]
    [Trait("Category", "Exhaustive")]
    [MemberData(nameof(OfGpu))]
    public void Train_KernelsOfAGpuAtEveryPassSize_FollowTheReference(string name, string microBatch)
    {
        using IDisposable kernels = Kernels.Choose(KernelSet.Gpu);
        Follow(name, microBatch);
    }

    [Fact]
    public void References_InTheFixtures_AreAllRun()
    {
        string[] present = [.. Directory.EnumerateDirectories(Fixtures.Golden("."))
            .Where(folder => File.Exists(Path.Combine(folder, "trajectory.json"))).Select(folder => Path.GetFileName(folder)!)];

        Assert.Equal(present.Order(StringComparer.Ordinal), [.. _names.Append(GoldenFullLengthTests.Name).Order(StringComparer.Ordinal)]);
    }

    internal static void CompareSteps(FinishedRun run, IEnumerable<JsonNode?> steps, double limit, Deviations deviations)
    {
        IReadOnlyDictionary<int, double> losses = run.Series(MetricKeys.TrainLoss);
        IReadOnlyDictionary<int, double> norms = run.Series(MetricKeys.TrainGradNorm);
        IReadOnlyDictionary<int, double> rates = run.Series(MetricKeys.TrainLearningRate);
        foreach (JsonNode? step in steps)
        {
            int n = (int)step!["step"]!;
            deviations.Relative("loss", $"step {n}", (double)step["loss"]!, losses[n], limit);
            deviations.Relative("gradient norm", $"step {n}", (double)step["gradNorm"]!, norms[n], limit);
            deviations.Absolute(
                "learning-rate factor", $"step {n}", (double)step["lrFactor"]!, rates[n] / run.Prepared.Spec.LearningRate!.Value, 1e-12);
        }
    }

    internal static void CompareScores(FinishedRun run, JsonArray rows, int lastStep, double limit, Deviations deviations) =>
        CompareScores(run.Predictions(lastStep), rows, limit, deviations);

    internal static void CompareScores(
        IReadOnlyList<IReadOnlyList<string>> predictions, JsonArray rows, double limit, Deviations deviations)
    {
        foreach (JsonNode? row in rows)
        {
            IReadOnlyList<string> scored = predictions[(int)row!["row"]!];
            Assert.Equal(
                ((int)row["row"]!, (int)row["label"]!),
                (int.Parse(scored[0], CultureInfo.InvariantCulture), int.Parse(scored[1], CultureInfo.InvariantCulture)));
            deviations.Absolute("label score", $"row {scored[0]}", (double)row["logprobNegative"]!, Number(scored[3]), limit);
            deviations.Absolute("label score", $"row {scored[0]}", (double)row["logprobPositive"]!, Number(scored[4]), limit);
        }
    }

    private void Follow(string name, string microBatch)
    {
        (JsonObject golden, string folder) = GoldenRuns.Load(name);
        Deviations deviations = new(output, $"{name}/trajectory.json, microBatch {microBatch}");

        FinishedRun run = runs.Run(golden, folder, GoldenRuns.MicroBatch(microBatch), whole: (name, microBatch) == (Whole, "auto"));

        Assert.Equal(EndReason.Finished, run.Ended.Reason);
        RunEnvironment used = run.Prepared.Environment;
        Assert.Equal(
            (microBatch == "auto" ? (int)golden["effectiveBatch"]! : int.Parse(microBatch, CultureInfo.InvariantCulture), null),
            (used.MicroBatch, used.PackTokens));
        Assert.Equal(microBatch != "1", used.SharedPrefix);
        Assert.Equal((long)golden["trainable"]!, run.Prepared.TrainableParameters);
        JsonArray steps = golden["train"]!.AsArray();
        CompareSteps(run, steps, 1e-5, deviations);
        Assert.Equal(steps.Count, run.Series(MetricKeys.TrainLoss).Count);
        Assert.Equal(steps.Sum(step => (long)step!["tokens"]!), run.Summary.TrainTokens);
        CompareScores(run, golden["evalFirst64"]!.AsArray(), steps.Count, 1e-3, deviations);
        deviations.AssertWithinLimits();
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
