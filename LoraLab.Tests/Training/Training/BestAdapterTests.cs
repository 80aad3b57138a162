using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters.Peft;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Training.Recording;
using Xunit;

namespace LoraLab.Tests.Training.Training;

/// <summary>The adapter of the best evaluation, beside that of the last step.</summary>
public sealed class BestAdapterTests
{
    [Theory]
    [InlineData("lora")]
    [InlineData("pissa")]
    [InlineData("dora")]
    [InlineData("full")]
    public void Train_BestIsNotTheLast_KeepsTheAdapterOfThatStep(string method)
    {
        using TestTrainer trainer = new();
        FinishedRun run = trainer.Run(Worsening(method));
        MetricSummary accuracy = run.Summary[MetricKeys.EvalAccuracy]!;
        Assert.InRange(accuracy.BestStep!.Value, 0, MicroSpec.Steps - 1);

        // A run that ends there has the same factors: maxSteps changes nothing else.
        FinishedRun until = trainer.Run(Worsening(method, maxSteps: Math.Max(1, accuracy.BestStep.Value)));

        string best = Path.Combine(run.Folder, RunFiles.BestAdapter);
        if (accuracy.BestStep > 0)
        {
            Assert.Equal(until.ResultBytes(), [.. Directory.GetFiles(best, "*.safetensors").Select(File.ReadAllBytes)]);
        }

        Assert.NotEqual(run.ResultBytes(), [.. Directory.GetFiles(best, "*.safetensors").Select(File.ReadAllBytes)]);
        JsonNode evaluation = JsonNode.Parse(File.ReadAllText(Path.Combine(best, PeftFiles.Metadata)))!["evaluation"]!;
        Assert.Equal(
            (accuracy.BestStep, MetricKeys.EvalAccuracy, accuracy.Best),
            ((int?)evaluation["step"], (string?)evaluation["metric"], (double?)evaluation["value"]));
        Assert.DoesNotContain(Directory.GetDirectories(run.Folder), folder => folder.EndsWith(".tmp", StringComparison.Ordinal));
    }

    [Fact]
    public void Train_StoppedAndResumed_KeepsTheSameBestAdapter()
    {
        using TestTrainer trainer = new();
        FinishedRun whole = trainer.Run(Worsening("lora"));
        string folder = trainer.NewFolder();
        foreach (int step in (int[])[0, 1, 2, 3])
        {
            Assert.Null(trainer.Attempt(folder, step + 1, Worsening("lora"), DuringEvaluation(step), new LeapingClock()));
        }

        Assert.Equal(EndReason.Finished, trainer.Attempt(folder, 5, Worsening("lora")));

        foreach (string file in Directory.GetFiles(Path.Combine(whole.Folder, RunFiles.BestAdapter)))
        {
            Assert.Equal(
                File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(folder, RunFiles.BestAdapter, Path.GetFileName(file))));
        }
    }

    [Fact]
    public void Train_BestIsTheLast_KeepsOneAdapterThatIsBoth()
    {
        using TestTrainer trainer = new();
        JsonObject spec = MicroSpec.For("lora");
        // Nothing is better than the evaluation before training, but for the loss, by which completion runs are compared.
        (spec["dataset"], spec["learningRate"]) = ("sample-instructions", 0.002);
        spec.Remove("lossScope");
        FinishedRun run = trainer.Run(spec);
        Assert.Equal((EndReason.Finished, MicroSpec.Steps), (run.Ended.Reason, run.Summary[MetricKeys.EvalLoss]!.BestStep!.Value));

        Assert.False(Directory.Exists(Path.Combine(run.Folder, RunFiles.BestAdapter)));
        (string id, string folder) = Publish(trainer, run);
        Assert.Equal(Path.Combine(folder, RunFiles.Adapter), trainer.Services.Adapters.Find($"{id}@best"));
        Assert.Equal(Path.Combine(folder, RunFiles.Adapter), trainer.Services.Adapters.Find($"{id}@last"));
    }

    /// <summary>Of a run that trains all weights, the model of the best evaluation comes after what the run itself needs.</summary>
    [Fact]
    public void Train_AllWeightsOnASmallDisk_GivesUpTheBestModelAndSaysSo()
    {
        using SmallDisk disk = new(8);
        using TestTrainer trainer = new();
        JsonObject spec = MicroSpec.For("full");
        // Each evaluation is better than the last.
        (spec["dataset"], spec["learningRate"], spec["evalEvery"]) = ("sample-instructions", 1e-4, 1);
        spec.Remove("lossScope");

        Assert.Equal(EndReason.Finished, trainer.Attempt(disk.Path, 1, spec));

        string log = string.Concat(
            Directory.EnumerateFiles(disk.Path, RunFiles.Log, SearchOption.AllDirectories).Select(File.ReadAllText));
        Assert.Single(Regex.Matches(log, "warning: The model of the best evaluation is not kept"));
        Assert.False(Directory.Exists(Path.Combine(disk.Path, RunFiles.BestAdapter)));
        Assert.NotEmpty(Directory.GetFiles(Path.Combine(disk.Path, RunFiles.Adapter), "*.safetensors"));
        Assert.DoesNotContain(Directory.GetDirectories(disk.Path), folder => folder.EndsWith(".tmp", StringComparison.Ordinal));
    }

    [Fact]
    public void FindModel_OfTheBestEvaluation_IsThatModel()
    {
        using TestTrainer trainer = new();
        (string id, string folder) = Publish(trainer, trainer.Run(Worsening("full")));

        Assert.Equal(Path.Combine(folder, RunFiles.Adapter), trainer.Services.Adapters.FindModel(id));
        Assert.Equal(Path.Combine(folder, RunFiles.BestAdapter), trainer.Services.Adapters.FindModel($"{id}@best"));
        Directory.Delete(Path.Combine(folder, RunFiles.BestAdapter), recursive: true);
        Assert.Null(trainer.Services.Adapters.FindModel($"{id}@best"));
    }

    [Fact]
    public void Find_ByChoiceAndAlias_NamesTheRunsAdapters()
    {
        using TestTrainer trainer = new();
        (string id, string folder) = Publish(trainer, trainer.Run(Worsening("lora")));
        string data = Path.GetDirectoryName(Path.GetDirectoryName(folder))!;
        File.WriteAllText(Path.Combine(data, AdapterReference.AliasFile), $$"""{"champion": "{{id}}"}""");

        Assert.Equal(Path.Combine(folder, RunFiles.Adapter), trainer.Services.Adapters.Find(id));
        Assert.Equal(Path.Combine(folder, RunFiles.BestAdapter), trainer.Services.Adapters.Find("champion@best"));
        JsonObject spec = MicroSpec.For("lora");
        spec["initFrom"] = "champion@best";
        Assert.Equal($"{id}@best", trainer.Services.Validator.Validate(spec).Spec!.InitFrom);

        RunFailure unknown = Assert.Throws<RunFailure>(() => trainer.Services.Adapters.Find("challenger"));
        Assert.Contains("challenger", unknown.Message, StringComparison.Ordinal);
        Directory.Delete(Path.Combine(folder, RunFiles.BestAdapter), recursive: true);
        RunFailure gone = Assert.Throws<RunFailure>(() => trainer.Services.Adapters.Find("champion@best"));
        Assert.Equal(
            $"initFrom: the adapter of the best evaluation of run {id} is not kept; champion names its last adapter.", gone.Message);
    }

    // The steps are far too large: the best evaluation is not the last one.
    private static JsonObject Worsening(string method, int? maxSteps = null)
    {
        JsonObject spec = MicroSpec.For(method);
        (spec["evalEvery"], spec["learningRate"], spec["schedule"]) = (1, method == "full" ? 0.01 : 0.05, "constant");
        (spec["maxSteps"], spec["scheduleSteps"]) = (maxSteps, MicroSpec.Steps);
        return spec;
    }

    private static (string Id, string Folder) Publish(TestTrainer trainer, FinishedRun run)
    {
        const string Id = "0abc123def";
        string runs = Directory.CreateDirectory(Path.Combine(Path.GetDirectoryName(run.Folder)!, "runs")).FullName;
        string folder = Path.Combine(runs, Id);
        Directory.Move(run.Folder, folder);
        return (Id, folder);
    }

    private static Action<WorkerEvent, StopSignal> DuringEvaluation(int step) => (happened, stop) =>
    {
        if (happened is ProgressMade { Phase: "evaluating" } progress && progress.Step == step)
        {
            stop.Abandon("stopped by the test");
        }
    };
}
