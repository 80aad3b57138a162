using System.Text.Json.Nodes;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using LoraLab.Tests.Support;
using LoraLab.Tests.Training.Tasks.Completion;
using LoraLab.Training.Tasks;
using LoraLab.Training.Training;
using Xunit;

namespace LoraLab.Tests.Training.Tasks;

/// <summary>The descriptor of a task says what the trainer does.</summary>
public sealed class TaskDescriptorTests
{
    [Fact]
    public void Fields_OfEveryTask_AreFieldsOfTheSpecification() => Assert.All(
        TaskRegistry.Default.All,
        task => Assert.All(
            task.Descriptor.Fields, name => Assert.Contains(SpecFieldCatalog.Default.Fields, field => field.Name == name)));

    [Theory]
    [InlineData("classification", null, MetricKeys.EvalAccuracy)]
    [InlineData("classification", MetricKeys.EvalMcc, MetricKeys.EvalMcc)]
    [InlineData("completion", null, MetricKeys.EvalLoss)]
    [InlineData("completion", MetricKeys.EvalMcc, MetricKeys.EvalLoss)]
    public void Primary_OfARun_IsWhatItStored(string task, string? stored, string expected)
    {
        TaskDescriptor descriptor = TaskDescriptors.Of(task, stored);

        Assert.Equal(expected, descriptor.Primary.Key);
        Assert.Equal(expected, descriptor.Columns[0].Key);
        Assert.Equal(expected, TaskDescriptors.Columns([descriptor, descriptor])[0].Key);
    }

    [Fact]
    public void Metrics_OfClassification_AreThoseOfAnEvaluation()
    {
        using TestTrainer trainer = new();
        using PreparedRun run = trainer.Services.Preparation().Prepare(
            trainer.Services.Validator.Validate(MicroSpec.For("lora")).Spec!, CancellationToken.None);

        EvaluationOutcome outcome = run.Evaluation.Run(run.Model, CancellationToken.None);

        Assert.Equal(TaskDescriptors.Classification, run.Data.Task);
        // Only a dataset with a positive label has an F1 of its own.
        Assert.Equal(run.Data.Task.Metrics.Select(metric => metric.Key).Except([MetricKeys.EvalF1]), outcome.Metrics.Keys);
        Assert.Equal(MetricKeys.EvalAccuracy, run.Data.Task.Metrics[0].Key);
        Assert.Equal(run.Data.Task.PredictionColumns, outcome.Predictions.Columns.Take(run.Data.Task.PredictionColumns.Count));
    }

    [Fact]
    public void Metrics_OfCompletion_AreThoseOfAnEvaluationWithGeneration()
    {
        using TestTrainer trainer = new();
        JsonObject spec = CompletionRuns.Spec(CompletionRuns.Write(trainer, CompletionRuns.Prompted));
        (spec["generateSamples"], spec["generateTokens"]) = (1, 2);
        using PreparedRun run = trainer.Services.Preparation().Prepare(
            trainer.Services.Validator.Validate(spec).Spec!, CancellationToken.None);

        EvaluationOutcome outcome = run.Evaluation.Run(run.Model, CancellationToken.None);

        Assert.Equal(TaskDescriptors.Completion, run.Data.Task);
        Assert.Equal(run.Data.Task.Metrics.Select(metric => metric.Key), outcome.Metrics.Keys);
        Assert.Equal(run.Data.Task.PredictionColumns, outcome.Predictions.Columns.Take(run.Data.Task.PredictionColumns.Count));
    }
}
