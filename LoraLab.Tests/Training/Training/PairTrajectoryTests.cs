using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using LoraLab.Training.Torch;
using Xunit;

namespace LoraLab.Tests.Training.Training;

/// <summary>
/// Runs on two text columns and three labels of several tokens against PEFT and scikit-learn: losses and gradient norms within 1e-5
/// relative, label scores within 1e-3, token counts and metrics exactly, by both scores.
/// </summary>
public sealed class PairTrajectoryTests(ITestOutputHelper output) : IDisposable
{
    private const double Limit = 1e-5;
    private readonly TestTrainer _trainer = new(fixtures: true);

    public void Dispose() => _trainer.Dispose();

    [Theory]
    [InlineData("pair-3-labels", "auto", "sum")]
    [InlineData("pair-3-labels", "1", "meanPerToken")]
    [InlineData("pair-3-labels-completion", "1", "sum")]
    [InlineData("pair-3-labels-completion", "auto", "meanPerToken")]
    public void Train_PairsWithThreeLabels_FollowsTheReference(string name, string microBatch, string score) =>
        Follow(name, microBatch, score);

    /// <summary>Labels of several tokens, whose scores are evaluated with the kernels of a GPU.</summary>
    [Fact]
    [Trait("Category", "Long")]
    public void Train_PairsOnTheKernelsOfAGpu_FollowsTheReference()
    {
        using IDisposable kernels = Kernels.Choose(KernelSet.Gpu);
        Follow("pair-3-labels", "auto", "sum");
    }

    private void Follow(string name, string microBatch, string score)
    {
        JsonObject golden = JsonNode.Parse(File.ReadAllText(Fixtures.Golden("tasks", name, "trajectory.json")))!.AsObject();
        Deviations deviations = new(output, $"tasks/{name}/trajectory.json, microBatch {microBatch}, {score}");

        FinishedRun run = _trainer.Run(Spec(golden, name, microBatch, score));

        Assert.True(run.Ended.Reason == EndReason.Finished, run.Ended.Error);
        CompareSteps(run, golden["train"]!.AsArray(), deviations);
        CompareRows(run, golden, deviations);
        CompareMetrics(run, golden, score);
        deviations.AssertWithinLimits();
    }

    private JsonObject Spec(JsonObject golden, string name, string microBatch, string score)
    {
        string folder = Directory.CreateDirectory(Path.Combine(_trainer.Services.Configuration.DataDirectory, "datasets", name)).FullName;
        foreach (string file in (string[])["train.tsv", "dev.tsv"])
        {
            File.Copy(Fixtures.Golden("tasks", name, file), Path.Combine(folder, file));
        }

        File.WriteAllText(Path.Combine(folder, "dataset.json"), new JsonObject
        {
            ["columns"] = new JsonArray("premise", "hypothesis"),
            ["labels"] = golden["labels"]!.DeepClone(),
            ["prompt"] = (string)golden["template"]! + " {label}\n",
        }.ToJsonString());
        return new()
        {
            ["model"] = (string)golden["model"]!,
            ["dataset"] = name,
            ["rank"] = (int)golden["rank"]!,
            ["alpha"] = (double)golden["alpha"]!,
            ["targetModules"] = golden["targetModules"]!.DeepClone(),
            ["learningRate"] = (double)golden["learningRate"]!,
            ["trainSamples"] = (int)golden["steps"]! * (int)golden["effectiveBatch"]!,
            ["dataSeed"] = null,
            ["effectiveBatch"] = (int)golden["effectiveBatch"]!,
            ["microBatch"] = GoldenRuns.MicroBatch(microBatch),
            ["lossScope"] = (string)golden["lossScope"]!,
            ["lossWeighting"] = (string)golden["lossWeighting"]!,
            ["schedule"] = (string)golden["schedule"]!,
            ["maxGradNorm"] = (double)golden["clip"]!,
            ["labelScore"] = score,
            ["evalEvery"] = 1000,
            ["precision"] = "fp32",
            ["initFrom"] = Fixtures.Golden("tasks", name),
        };
    }

    private static void CompareSteps(FinishedRun run, JsonArray steps, Deviations deviations)
    {
        IReadOnlyDictionary<int, double> losses = run.Series(MetricKeys.TrainLoss);
        IReadOnlyDictionary<int, double> norms = run.Series(MetricKeys.TrainGradNorm);
        foreach (JsonNode? step in steps)
        {
            int n = (int)step!["step"]!;
            deviations.Relative("loss", $"step {n}", (double)step["loss"]!, losses[n], Limit);
            deviations.Relative("gradient norm", $"step {n}", (double)step["gradNorm"]!, norms[n], Limit);
        }

        Assert.Equal(steps.Sum(step => (long)step!["tokens"]!), run.Summary.TrainTokens);
    }

    private static void CompareRows(FinishedRun run, JsonObject golden, Deviations deviations)
    {
        JsonArray rows = golden["eval"]!.AsArray();
        IReadOnlyList<string[]> predictions = run.Predictions(golden["train"]!.AsArray().Count);
        EvaluationRow[] texts = [.. File.ReadLines(Path.Combine(run.Folder, RunFiles.EvaluationRows))
            .Select(line => JsonSerializer.Deserialize<EvaluationRow>(line, ContractJson.Options)!)];
        Assert.Equal(rows.Count, predictions.Count);
        for (int i = 0; i < rows.Count; i++)
        {
            Assert.Equal([$"{(int)rows[i]!["row"]!}", $"{(int)rows[i]!["label"]!}"], predictions[i][..2]);
            Assert.Equal(rows[i]!["tokens"]!.AsArray().Select(count => (int)count!), texts[i].LabelTokens);
            Assert.Equal(["premise", "hypothesis"], texts[i].Columns.Keys);
            JsonArray scores = rows[i]!["scores"]!.AsArray();
            for (int label = 0; label < scores.Count; label++)
            {
                double actual = double.Parse(predictions[i][3 + label], CultureInfo.InvariantCulture);
                deviations.Absolute("label score", $"row {i}", (double)scores[label]!, actual, 1e-3);
            }
        }

        double loss = rows.Average(row => -(double)row!["scores"]![(int)row["label"]!]!);
        deviations.Absolute("evaluation loss", "last step", loss, run.Summary[MetricKeys.EvalLoss]!.Last!.Value, 1e-3);
    }

    private static void CompareMetrics(FinishedRun run, JsonObject golden, string score)
    {
        JsonNode expected = golden[score == "sum" ? "bySum" : "byMeanPerToken"]!;
        ClassificationMetrics metrics = ClassificationMetrics.Of(
            run.Predictions(golden["train"]!.AsArray().Count).Select(row => (Whole(row[1]), Whole(row[2]))), 3);
        Assert.Equal((double)expected["accuracy"]!, run.Summary[MetricKeys.EvalAccuracy]!.Last!.Value, 1e-15);
        Assert.Equal((double)expected["macroF1"]!, run.Summary[MetricKeys.EvalMacroF1]!.Last!.Value, 1e-15);
        Assert.Equal((double)expected["mcc"]!, run.Summary[MetricKeys.EvalMcc]!.Last!.Value, 1e-15);
        Assert.Equal(
            expected["confusion"]!.AsArray().Select(row => row!.AsArray().Select(count => (int)count!)),
            metrics.Confusion.Select(row => row.AsEnumerable()));
    }

    private static int Whole(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
