using System.Text.Json.Nodes;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters.Peft;
using LoraLab.Training.Torch;
using Xunit;

namespace LoraLab.Tests.Training.Training;

/// <summary>
/// Compares every method with trajectories that PEFT itself computed in float64: loss and gradient norm of every step within 1e-5
/// relative, label scores of 64 rows within 1e-3, on the reference path and in packed passes.
/// </summary>
public sealed class PeftTrajectoryTests(GoldenRuns runs, ITestOutputHelper output) : IClassFixture<GoldenRuns>
{
    /// <summary>References from whose adapter a run starts.</summary>
    private static readonly string[] _given =
    [
        "adalora-all",
        "adalora-qv",
        "dora-all",
        "dora-qv",
        "dora-rslora-completion",
        "lora-fa-all",
        "lora-fa-qv",
        "ia3",
        "loha-qv",
        "lokr-decompose-all",
        "lokr-qv",
        "corda-kpm-all",
        "eva-exact-qv",
        "eva-qv",
        "eva-rho2-all",
        "lora-ga-all",
        "lora-ga-qv",
        "lora-patterns",
        "lora-plus-peft",
        "lora-qv-peft",
        "milora-qv",
        "olora-all",
        "pissa-qv-peft",
        "vera-all",
        "vera-qv",
    ];

    /// <summary>References whose starting adapter the method computes itself.</summary>
    private static readonly string[] _own =
    [
        "full",
        "full-completion",
        "ia3",
        "corda-ipm-qv",
        "corda-kpm-all",
        "eva-exact-qv",
        "milora-all",
        "milora-qv",
        "olora-all",
        "olora-qv",
        "pissa-qv-peft",
    ];

    /// <summary>One reference of each kind of start and forward pass, so that none is left to the slow tests.</summary>
    private static readonly (string Name, string Start)[] _first =
    [
        ("adalora-qv", "given start"),
        ("dora-qv", "given start"),
        ("lokr-qv", "given start"),
        ("lora-plus-peft", "given start"),
        ("vera-qv", "given start"),
        ("ia3", "own start"),
        ("full", "own start"),
        ("pissa-qv-peft", "own start"),
    ];

    public static TheoryData<string, string> First => [.. _first];

    public static TheoryData<string, string> Others =>
    [
        .. _given.Select(name => (name, "given start")).Concat(_own.Select(name => (name, "own start"))).Except(_first),
    ];

    /// <summary>Each reference once: the start does not depend on the path.</summary>
    public static TheoryData<string, string> EachOnce =>
        [.. _given.Select(name => (name, "given start")), .. _own.Except(_given).Select(name => (name, "own start"))];

    /// <summary>The references with a trained adapter, all that there are. Without fixtures, the one case says why it is skipped.</summary>
    public static TheoryData<string> Trained => PeftGoldens.Folders("trained") is { Count: > 0 } found ? [.. found] : ["lora-qv-peft"];

    [Theory]
    [MemberData(nameof(First))]
    public void Train_ConfigurationOfPeft_FollowsPeft(string name, string start) => Follow(name, start, "auto");

    [Theory]
    [Trait("Category", "Long")]
    [MemberData(nameof(Others))]
    public void Train_OtherConfigurationOfPeft_FollowsPeft(string name, string start) => Follow(name, start, "auto");

    [Theory]
    [Trait("Category", "Exhaustive")]
    [MemberData(nameof(EachOnce))]
    public void Train_ConfigurationOfPeftOnTheReferencePath_FollowsPeft(string name, string start) => Follow(name, start, "1");

    /// <summary>The joined and the general path of a GPU's kernels.</summary>
    [Theory]
    [Trait("Category", "Long")]
    [InlineData("lora-qv-peft")]
    [InlineData("dora-all")]
    public void Train_ConfigurationOfPeftOnTheKernelsOfAGpu_FollowsPeft(string name)
    {
        using IDisposable kernels = Kernels.Choose(KernelSet.Gpu);
        Follow(name, "given start", "auto");
    }

    /// <summary>One reference of each other kind of forward pass, on the kernels of a GPU.</summary>
    [Theory]
    [Trait("Category", "Exhaustive")]
    [InlineData("adalora-qv")]
    [InlineData("ia3")]
    [InlineData("lokr-decompose-all")]
    [InlineData("vera-all")]
    public void Train_OtherConfigurationOfPeftOnTheKernelsOfAGpu_FollowsPeft(string name) =>
        Train_ConfigurationOfPeftOnTheKernelsOfAGpu_FollowsPeft(name);

    /// <summary>
    /// The adapter after the last step gives the scores that PEFT computed with it, to <c>evaluate</c> and at the start of a run that
    /// continues it.
    /// </summary>
    [Theory]
    [Trait("Category", "Long")]
    [MemberData(nameof(Trained))]
    public void Train_FromATrainedAdapterOfPeft_StartsWithItsScores(string name)
    {
        (JsonObject golden, string folder) = PeftGoldens.Load(name);
        Deviations deviations = new(output, $"peft/{name}/trained");
        JsonObject spec = PeftGoldens.Spec(golden, Path.Combine(folder, "trained"));
        spec["maxSteps"] = 1;
        if ((string?)spec["method"] == "adalora")
        {
            // The schedule of the reference is longer than one step.
            spec["methodOptions"] = new JsonObject();
        }

        FinishedRun run = runs.RunSmall(spec, "auto");

        Assert.True(run.Ended.Reason == EndReason.Finished, run.Ended.Error);
        GoldenTrajectoryTests.CompareScores(run, golden["evalFirst64"]!.AsArray(), 0, 1e-3, deviations);
        GoldenTrajectoryTests.CompareScores(
            runs.EvaluateSmall(Path.Combine(folder, "trained")), golden["evalFirst64"]!.AsArray(), 1e-3, deviations);
        deviations.AssertWithinLimits();
    }

    /// <summary>The exported adapter contains the starting factors as its second half.</summary>
    [Theory]
    [InlineData("lora-ga-all")]
    [InlineData("lora-ga-qv")]
    public void Train_LoraGa_StartsFromPeftsFactorsUpToSign(string name)
    {
        (JsonObject golden, string folder) = PeftGoldens.Load(name);
        Deviations deviations = new(output, $"peft/{name}/adapter_model.safetensors");
        JsonObject spec = PeftGoldens.Spec(golden, null);
        spec["maxSteps"] = 1;

        FinishedRun run = runs.RunSmall(spec, 1);

        Assert.True(run.Ended.Reason == EndReason.Finished, run.Ended.Error);
        PlainSafetensors expected = new(Path.Combine(folder, PeftFiles.Weights));
        PlainSafetensors exported = new(Path.Combine(run.Folder, RunFiles.Adapter, PeftFiles.Weights));
        foreach (string tensor in expected.Names)
        {
            bool isA = tensor.Contains("lora_A", StringComparison.Ordinal);
            double[][] given = Vectors(expected.Matrix(tensor), isA);
            double[][] own = Vectors(exported.Matrix(tensor), isA)[given.Length..];
            for (int i = 0; i < given.Length; i++)
            {
                double sign = Math.Sign(given[i].Zip(own[i], (a, b) => a * b).Sum());
                deviations.Absolute(isA ? "A" : "B", tensor, 0, given[i].Zip(own[i], (a, b) => Math.Abs(a - (sign * b))).Max(), 1e-4);
            }
        }

        deviations.AssertWithinLimits();
    }

    /// <summary>The rows of A, or the columns of B.</summary>
    private static double[][] Vectors(double[,] matrix, bool rows) =>
    [
        .. Enumerable.Range(0, matrix.GetLength(rows ? 0 : 1)).Select(i => Enumerable.Range(0, matrix.GetLength(rows ? 1 : 0))
            .Select(j => rows ? matrix[i, j] : matrix[j, i]).ToArray()),
    ];

    private void Follow(string name, string start, string microBatch)
    {
        (JsonObject golden, string folder) = PeftGoldens.Load(name);
        Deviations deviations = new(output, $"peft/{name}/trajectory.json, {start}, microBatch {microBatch}");

        FinishedRun run = runs.RunSmall(
            PeftGoldens.Spec(golden, start == "given start" ? folder : null), GoldenRuns.MicroBatch(microBatch));

        Assert.True(run.Ended.Reason == EndReason.Finished, run.Ended.Error);
        Assert.Equal((long)golden["trainable"]!, run.Prepared.TrainableParameters);
        JsonArray steps = golden["train"]!.AsArray();
        GoldenTrajectoryTests.CompareSteps(run, steps, 1e-5, deviations);
        Assert.Equal(steps.Count, run.Series(MetricKeys.TrainLoss).Count);
        Assert.Equal(steps.Sum(step => (long)step!["tokens"]!), run.Summary.TrainTokens);
        GoldenTrajectoryTests.CompareScores(run, golden["evalFirst64"]!.AsArray(), steps.Count, 1e-3, deviations);
        deviations.AssertWithinLimits();
    }
}
