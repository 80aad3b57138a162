using System.Diagnostics;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Training.Training;

/// <summary>
/// The paper's full length, 1,250 steps over 20,000 sentences: the only reference that learns the task, which checks label order, ties
/// and metrics. Its later steps are not compared individually, because rounding errors grow with every step.
/// </summary>
public sealed class GoldenFullLengthTests(GoldenRuns runs, ITestOutputHelper output) : IClassFixture<GoldenRuns>
{
    public const string Name = "lora-completion-1250";
    private const int HeldSteps = 20;
    private const double Points = 0.03;

    [Theory]
    [InlineData("16", 10)]
    public void Train_FirstStepsOfThePapersLength_FollowTheReference(string microBatch, int steps)
    {
        (JsonObject golden, string folder) = GoldenRuns.Load(Name);
        Deviations deviations = new(output, $"{Name}/trajectory.json, microBatch {microBatch}");

        FinishedRun run = Run(golden, folder, GoldenRuns.MicroBatch(microBatch), steps);

        Assert.Equal((EndReason.Finished, steps), (run.Ended.Reason, run.Prepared.TotalSteps));
        GoldenTrajectoryTests.CompareSteps(
            run, golden["train"]!.AsArray().Where(step => (int)step!["step"]! <= steps), 1e-4, deviations);
        deviations.AssertWithinLimits();
    }

    [Theory]
    [Trait("Category", "Exhaustive")]
    [InlineData("1", 5)]
    [InlineData("4", 10)]
    [InlineData("16", HeldSteps)]
    public void Train_MoreStepsOfThePapersLength_FollowTheReference(string microBatch, int steps) =>
        Train_FirstStepsOfThePapersLength_FollowTheReference(microBatch, steps);

    /// <summary>Passes of automatic size. The longest of all tests; CONTRIBUTING.md explains how to skip it.</summary>
    [Fact]
    [Trait("Category", "Long")]
    public void Train_PapersLength_LearnsLikeTheReference()
    {
        (JsonObject golden, string folder) = GoldenRuns.Load(Name);
        Deviations deviations = new(output, $"{Name}/trajectory.json");
        Stopwatch watch = Stopwatch.StartNew();

        FinishedRun run = Run(golden, folder, "auto", steps: null);

        output.WriteLine($"{watch.Elapsed.TotalSeconds:0} s in total, {run.Summary.TrainSeconds:0} s in steps");
        Assert.Equal(EndReason.Finished, run.Ended.Reason);
        Assert.Equal((1250, (long)golden["trainable"]!), (run.Prepared.TotalSteps, run.Prepared.TrainableParameters));
        GoldenTrajectoryTests.CompareSteps(
            run, golden["train"]!.AsArray().Where(step => (int)step!["step"]! <= HeldSteps), 1e-4, deviations);
        deviations.Absolute("accuracy", "the end", (double)golden["evalAccuracy"]!, run.Series(MetricKeys.EvalAccuracy)[1250], Points);
        deviations.Absolute("macro-F1", "the end", (double)golden["macroF1"]!, run.Series(MetricKeys.EvalMacroF1)[1250], Points);
        NoteLaterSteps(run, golden["train"]!.AsArray());
        CompareConfusion(golden["confusion"]!.AsObject(), run.Predictions(1250), deviations);
        deviations.AssertWithinLimits();
    }

    [Fact]
    public void Reference_ItsScores_GiveItsConfusionAndMacroF1()
    {
        (JsonObject golden, _) = GoldenRuns.Load(Name);
        (int, int)[] pairs = [.. golden["evalAll872"]!.AsArray().Select(row =>
            ((int)row!["label"]!, (double)row["logprobPositive"]! > (double)row["logprobNegative"]! ? 1 : 0))];

        ClassificationMetrics metrics = ClassificationMetrics.Of(pairs, 2);

        Assert.Equal((double)golden["evalAccuracy"]!, metrics.Accuracy, 1e-12);
        Assert.Equal((double)golden["macroF1"]!, metrics.MacroF1, 1e-12);
    }

    /// <summary>
    /// Runs all or the first steps over the rows that they consume, with the order and learning rates of the full length.
    /// </summary>
    private FinishedRun Run(JsonObject golden, string folder, JsonNode microBatch, int? steps) =>
        runs.Run(golden, folder, microBatch, whole: steps is null, spec =>
        {
            spec["trainSamples"] = steps is int first ? first * 16 : 20000;
            spec["scheduleSteps"] = steps is null ? null : 1250;
            spec["evalEvery"] = 1250;
            spec["evalSamples"] = steps is null ? null : 16;
        });

    private void NoteLaterSteps(FinishedRun run, JsonArray steps)
    {
        IReadOnlyDictionary<int, double> losses = run.Series(MetricKeys.TrainLoss);
        double[] apart = [.. steps.Select(step => Math.Abs(losses[(int)step!["step"]!] - (double)step["loss"]!) / (double)step["loss"]!)];
        output.WriteLine($"losses of {apart.Length} steps up to 1250: {apart.Average():0.0e+00} average deviation, "
            + $"{apart.Max():0.0e+00} maximum (not judged)");
    }

    // A loose bound: one class may gain what the other loses at the same accuracy, but at most twice the three points.
    private static void CompareConfusion(JsonObject confusion, IReadOnlyList<string[]> predictions, Deviations deviations)
    {
        foreach ((string key, string label, string predicted) in (ReadOnlySpan<(string, string, string)>)
            [("truePositive", "1", "1"), ("falsePositive", "0", "1"), ("falseNegative", "1", "0"), ("trueNegative", "0", "0")])
        {
            int found = predictions.Count(row => row[1] == label && row[2] == predicted);
            deviations.Absolute(
                $"{key} of {predictions.Count} rows", "the end", (int)confusion[key]!, found, Math.Round(2 * Points * predictions.Count));
        }
    }
}
