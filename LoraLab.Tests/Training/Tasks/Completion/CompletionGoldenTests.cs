using System.Globalization;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using LoraLab.Training.Tasks.Completion;
using LoraLab.Training.Torch;
using Xunit;

namespace LoraLab.Tests.Training.Tasks.Completion;

/// <summary>
/// Prompts with completions on stories260K against PEFT: losses and gradient norms within 1e-5 relative, then the loss of every held-out
/// row within 1e-3, its number of targets, loss per token and perplexity; in packed passes and on the reference path, which has one row per
/// pass.
/// </summary>
public sealed class CompletionGoldenTests(ITestOutputHelper output)
{
    private const string Name = "prompt-completion";

    [Theory]
    [InlineData("auto")]
    [InlineData("1")]
    public void Train_PromptCompletion_FollowsPeft(string microBatch) => Follow(microBatch);

    /// <summary>Training and the losses of held-out rows with the kernels of a GPU.</summary>
    [Fact]
    [Trait("Category", "Long")]
    public void Train_PromptCompletionOnTheKernelsOfAGpu_FollowsPeft()
    {
        using IDisposable kernels = Kernels.Choose(KernelSet.Gpu);
        Follow("auto");
    }

    private void Follow(string microBatch)
    {
        (JsonObject golden, string folder) = GoldenRuns.Load(Path.Combine("tasks", Name));
        Deviations deviations = new(output, $"tasks/{Name}/trajectory.json, microBatch {microBatch}");
        using TestTrainer trainer = new(fixtures: true);

        FinishedRun run = trainer.Run(Spec(golden, folder, Dataset(trainer, folder), GoldenRuns.MicroBatch(microBatch)));

        Assert.True(run.Ended.Reason == EndReason.Finished, run.Ended.Error);
        Assert.Equal(("{prompt}{completion}", (int)golden["steps"]!), (run.Prepared.Spec.Prompt, run.Prepared.TotalSteps));
        Assert.Equal(golden["train"]!.AsArray().Sum(step => (long)step!["tokens"]!), run.Summary.TrainTokens);
        IReadOnlyDictionary<int, double> losses = run.Series(MetricKeys.TrainLoss), norms = run.Series(MetricKeys.TrainGradNorm);
        foreach (JsonNode? step in golden["train"]!.AsArray())
        {
            int n = (int)step!["step"]!;
            deviations.Relative("loss", $"step {n}", (double)step["loss"]!, losses[n], 1e-5);
            deviations.Relative("gradient norm", $"step {n}", (double)step["gradNorm"]!, norms[n], 1e-5);
        }

        CompareRows(golden["evalRows"]!.AsArray(), run.Predictions((int)golden["steps"]!), deviations);
        double loss = run.Series(MetricKeys.EvalLoss)[(int)golden["steps"]!];
        double perplexity = run.Series(MetricKeys.EvalPerplexity)[(int)golden["steps"]!];
        deviations.Relative("held-out loss", "end", (double)golden["evalLossPerToken"]!, loss, 1e-5);
        deviations.Relative("perplexity", "end", (double)golden["evalPerplexity"]!, perplexity, 1e-4);
        Assert.Equal(Math.Exp(loss), perplexity, 1e-9 * perplexity);
        deviations.AssertWithinLimits();
    }

    /// <summary>A row has the same loss alone as among others that begin with the same words.</summary>
    [Fact]
    public void Losses_OfOneRowAndOfAll_AreTheSame()
    {
        (JsonObject golden, string folder) = GoldenRuns.Load(Path.Combine("tasks", Name));
        using TestTrainer trainer = new(fixtures: true);
        JsonObject spec = Spec(golden, folder, Dataset(trainer, folder), 4);
        using OpenRun run = new(trainer, trainer.NewFolder(), spec);
        CompletionData data = Assert.IsType<CompletionData>(run.Prepared.Data);
        using LoraLab.Training.Models.Packed.PackedLlama model = new(run.Prepared.Model);

        double[] together = ((CompletionEvaluation)run.Prepared.Evaluation).Losses(model, CancellationToken.None);

        for (int i = 0; i < data.Evaluation.Count; i++)
        {
            using CompletionEvaluation alone = new([data.Evaluation[i]], 0, new(1), run.Prepared.Model.Config, run.Prepared.Device);
            Assert.Equal(Assert.Single(alone.Losses(model, CancellationToken.None)), together[i], 1e-4);
        }
    }

    private static void CompareRows(JsonArray expected, IReadOnlyList<string[]> rows, Deviations deviations)
    {
        Assert.Equal(expected.Count, rows.Count);
        for (int i = 0; i < rows.Count; i++)
        {
            Assert.Equal((i, (int)expected[i]!["tokens"]!), ((int)Number(rows[i][0]), (int)Number(rows[i][2])));
            deviations.Absolute("loss of a row", $"row {i}", (double)expected[i]!["loss"]!, Number(rows[i][1]), 1e-3);
        }
    }

    private static double Number(string cell) => double.Parse(cell, CultureInfo.InvariantCulture);

    private static string Dataset(TestTrainer trainer, string golden)
    {
        string folder = Directory.CreateDirectory(Path.Combine(trainer.Services.Configuration.DataDirectory, "datasets", Name)).FullName;
        foreach (string file in new[] { "train.jsonl", "dev.jsonl" })
        {
            File.Copy(Path.Combine(golden, file), Path.Combine(folder, file));
        }

        File.WriteAllText(Path.Combine(folder, "dataset.json"), """{"task":"completion","train":"train.jsonl","eval":"dev.jsonl"}""");
        return Name;
    }

    private static JsonObject Spec(JsonObject golden, string folder, string dataset, JsonNode microBatch) => new()
    {
        ["model"] = "stories260K",
        ["dataset"] = dataset,
        ["method"] = "lora",
        ["rank"] = (int)golden["rank"]!,
        ["alpha"] = (double)golden["alpha"]!,
        ["targetModules"] = golden["targetModules"]!.DeepClone(),
        ["learningRate"] = (double)golden["learningRate"]!,
        ["dataSeed"] = null,
        ["effectiveBatch"] = (int)golden["effectiveBatch"]!,
        ["microBatch"] = microBatch,
        ["lossScope"] = "completion",
        ["lossWeighting"] = (string)golden["lossWeighting"]!,
        ["schedule"] = (string)golden["schedule"]!,
        ["maxGradNorm"] = (double)golden["clip"]!,
        ["evalEvery"] = 1000,
        ["precision"] = "fp32",
        ["initFrom"] = folder,
    };
}
