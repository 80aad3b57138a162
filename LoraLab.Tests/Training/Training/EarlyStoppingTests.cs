using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using LoraLab.Training.Specs;
using LoraLab.Training.Training;
using LoraLab.Training.Training.Recording;
using Xunit;

namespace LoraLab.Tests.Training.Training;

/// <summary>A run with <c>earlyStopPatience</c> stops where its evaluations say, and changes nothing before.</summary>
public sealed class EarlyStoppingTests
{
    [Theory]
    [InlineData(3, 0, false)]
    [InlineData(4, 0, true)]
    [InlineData(6, 2, true)]
    [InlineData(6, 4, false)]
    [InlineData(8, 4, true)]
    [InlineData(9, 2, false)]
    public void Reason_CountsEvaluationsSinceTheBest(int step, int bestStep, bool stops)
    {
        RunSchedule schedule = new(Samples: 72, EffectiveBatch: 8, Epochs: 1, MaxSteps: null, EvalEvery: 2);
        RunSummary summary = new RunSummary().With(MetricKeys.EvalAccuracy, new() { Last = 0.5, Best = 0.75, BestStep = bestStep });

        string? reason = EarlyStopping.Reason(new() { EarlyStopPatience = 2 }, schedule, MetricKeys.EvalAccuracy, summary, step);

        Assert.Equal(
            stops ? $"Stopped early at step {step} of 9: accuracy has not been better than the 75.00% of step {bestStep} for 2 evaluations "
                + "(earlyStopPatience)." : null,
            reason);
        Assert.Null(EarlyStopping.Reason(new(), schedule, MetricKeys.EvalAccuracy, summary, step));
    }

    [Fact]
    public void Train_EvaluationsThatTie_StopAfterPatience()
    {
        using TestTrainer trainer = new();
        FinishedRun whole = trainer.Run(Spec(patience: null));

        FinishedRun stopped = trainer.Run(Spec(patience: 2));

        Assert.Equal((EndReason.Finished, EndReason.EarlyStopped), (whole.Ended.Reason, stopped.Ended.Reason));
        Assert.Null(stopped.Ended.Error);
        Assert.Equal([0, 1, 2], stopped.Events.OfType<Evaluated>().Select(evaluated => evaluated.Step));
        Assert.StartsWith(
            "Stopped early at step 2 of 4: accuracy has not been better than", stopped.Summary.EarlyStop, StringComparison.Ordinal);
        Assert.Null(whole.Summary.EarlyStop);
        Assert.Equal(whole.Series(MetricKeys.TrainLoss).Take(2), stopped.Series(MetricKeys.TrainLoss));
        Assert.Equal(2, FingerprintOf(stopped.Folder).Training.Steps);
    }

    [Fact]
    public void Train_StoppedAnywhereAndResumed_StopsEarlyWithTheSameBytes()
    {
        using TestTrainer trainer = new();
        FinishedRun whole = trainer.Run(Spec(patience: 2));
        string folder = trainer.NewFolder();
        foreach ((int attempt, int step) in ((int, int)[])[(1, 0), (2, 1), (3, 2)])
        {
            Assert.Null(trainer.Attempt(folder, attempt, Spec(patience: 2), DuringEvaluation(step), new LeapingClock()));
        }

        Assert.Equal(EndReason.EarlyStopped, trainer.Attempt(folder, 4, Spec(patience: 2)));
        Assert.Equal(whole.ResultBytes(), FinishedRun.Read(folder).ResultBytes());
        Assert.Equal(whole.Summary.EarlyStop, FinishedRun.Read(folder, 4).Summary.EarlyStop);

        // A kill after the last checkpoint and before the result: nothing is trained, and the result is the same.
        Directory.Delete(Path.Combine(folder, RunFiles.Adapter), recursive: true);
        Assert.Equal(EndReason.EarlyStopped, trainer.Attempt(folder, 5, Spec(patience: 2)));
        Assert.Equal(whole.ResultBytes(), FinishedRun.Read(folder).ResultBytes());
        Assert.Empty(FinishedRun.Read(folder, 5).Events.OfType<MetricsRecorded>());
        Assert.Equal(whole.Summary.EarlyStop, FinishedRun.Read(folder, 5).Summary.EarlyStop);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void Validate_PatienceBelowOne_IsRefused(int patience)
    {
        using TestTrainer trainer = new();

        FieldError error = Assert.Single(trainer.Services.Validator.Validate(Spec(patience)).Errors);

        Assert.Equal("earlyStopPatience", error.Field);
        Assert.Contains("at least 1", error.Message, StringComparison.Ordinal);
    }

    // A learning rate that changes no prediction: every evaluation ties with the first.
    private static JsonObject Spec(int? patience)
    {
        JsonObject spec = MicroSpec.For("lora");
        (spec["evalEvery"], spec["learningRate"], spec["earlyStopPatience"]) = (1, 1e-12, patience);
        return spec;
    }

    private static Action<WorkerEvent, StopSignal> DuringEvaluation(int step) => (happened, stop) =>
    {
        if (happened is ProgressMade { Phase: "evaluating" } progress && progress.Step == step)
        {
            stop.Abandon("stopped by the test");
        }
    };

    private static RunFingerprint FingerprintOf(string folder) =>
        JsonSerializer.Deserialize<RunFingerprint>(File.ReadAllText(Path.Combine(folder, RunFiles.Fingerprint)), ContractJson.Options)!;
}
