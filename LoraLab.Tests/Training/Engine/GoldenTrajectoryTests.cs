using System.Globalization;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Training.Engine;

/// <summary>
/// The engine against trajectories that an independent implementation computed in float64: loss and gradient norm of every step
/// within 1e-5 relative, label scores within 1e-3.
/// </summary>
public sealed class GoldenTrajectoryTests
{
    [Theory]
    [InlineData("lora-all", 16)]
    [InlineData("lora-completion", 16)]
    [InlineData("lora-pertoken", 4)]
    [InlineData("lora-plus-qv", 16)]
    [InlineData("lora-qv", 1)]
    [InlineData("lora-swapped-qv", 16)]
    [InlineData("lora-two-epochs-short-window", 4)]
    [InlineData("lora-warmup", 16)]
    [InlineData("lora-xs-all", 16)]
    [InlineData("lora-xs-output", 16)]
    [InlineData("lora-xs-qv", 16)]
    [InlineData("lora-xs-split", 16)]
    [InlineData("pissa-all", 16)]
    [InlineData("pissa-qv", 16)]
    [InlineData("pissa-rslora", 16)]
    public void Train_GoldenConfiguration_FollowsTheReference(string name, int microBatch)
    {
        string folder = Fixtures.Golden(name);
        JsonObject golden = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "trajectory.json")))!.AsObject();
        using TestTrainer trainer = new(fixtures: true);

        FinishedRun run = trainer.Run(Spec(golden, folder, microBatch));

        Assert.Equal(EndReason.Finished, run.Ended.Reason);
        Assert.Equal((long)golden["trainable"]!, run.Prepared.TrainableParameters);
        IReadOnlyDictionary<int, double> losses = run.Series(MetricKeys.TrainLoss);
        IReadOnlyDictionary<int, double> norms = run.Series(MetricKeys.TrainGradNorm);
        JsonArray steps = golden["train"]!.AsArray();
        Assert.Equal(steps.Count, losses.Count);
        foreach (JsonNode? step in steps)
        {
            int n = (int)step!["step"]!;
            AssertClose((double)step["loss"]!, losses[n], 1e-5, $"loss of step {n}");
            AssertClose((double)step["gradNorm"]!, norms[n], 1e-5, $"gradient norm of step {n}");
        }

        Assert.Equal(steps.Sum(step => (long)step!["tokens"]!), run.Summary.TrainTokens);
        IReadOnlyList<string[]> predictions = run.Predictions(steps.Count);
        foreach (JsonNode? row in golden["evalFirst64"]!.AsArray())
        {
            string[] scored = predictions[(int)row!["row"]!];
            Assert.Equal((double)row["logprobNegative"]!, double.Parse(scored[3], CultureInfo.InvariantCulture), 1e-3);
            Assert.Equal((double)row["logprobPositive"]!, double.Parse(scored[4], CultureInfo.InvariantCulture), 1e-3);
        }
    }

    private static JsonObject Spec(JsonObject golden, string folder, int microBatch)
    {
        string method = (string)golden["method"]!;
        JsonObject spec = new()
        {
            ["model"] = "stories260K",
            ["dataset"] = "sst2",
            ["method"] = method,
            ["rank"] = (int)golden["rank"]!,
            ["alpha"] = (double)golden["alpha"]!,
            ["rankStabilized"] = (bool)golden["rsLora"]!,
            ["targetModules"] = golden["targetModules"]!.DeepClone(),
            ["learningRate"] = (double)golden["learningRateA"]!,
            ["learningRateB"] = method == "lora-plus" ? (double)golden["learningRateB"]! : null,
            ["trainSamples"] = (int?)golden["trainSamples"] ?? 160,
            ["epochs"] = (int?)golden["epochs"] ?? 1,
            ["effectiveBatch"] = (int)golden["effectiveBatch"]!,
            ["microBatch"] = microBatch,
            ["lossWeighting"] = (string)golden["lossWeighting"]!,
            ["lossScope"] = (string)golden["lossScope"]!,
            ["schedule"] = (string)golden["schedule"]!,
            ["warmupSteps"] = (int)golden["warmup"]!,
            ["maxGradNorm"] = (double)golden["clip"]!,
            ["evalEvery"] = 1000,
            ["evalSamples"] = 64,
            ["precision"] = "fp32",
            ["methodOptions"] = method switch
            {
                "lora-xs" => new JsonObject { ["rInitStd"] = 0, ["svd"] = "full", ["sigmaPlacement"] = (string?)golden["sigmaPlacement"] ?? "input" },
                "pissa" => new JsonObject { ["svd"] = "full" },
                _ => [],
            },
        };
        if (method is not ("lora-xs" or "pissa"))
        {
            spec["initFrom"] = folder;
        }

        return spec;
    }

    private static void AssertClose(double expected, double actual, double relative, string what) =>
        Assert.True(Math.Abs(actual - expected) <= relative * Math.Abs(expected), $"{what}: expected {expected:R}, got {actual:R}");
}
