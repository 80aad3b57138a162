using System.Text.Json.Nodes;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Training;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Training;

/// <summary>fp16 base weights: a window whose gradient overflows is repeated, and no update is lost.</summary>
public sealed class LossScalingTests
{
    private const int Steps = 40;
    private const string RunFilesFingerprint = LoraLab.Contracts.Worker.RunFiles.Fingerprint;

    [Fact]
    public void Train_OverflowsAtSteps1And37_TakesEveryWindowOnce()
    {
        using TestTrainer trainer = new();
        using OpenRun reference = new(trainer, trainer.NewFolder(), Spec());
        using OpenRun overflowing = new(trainer, trainer.NewFolder(), Spec());
        HashSet<int> overflow = [1, 37];

        Assert.Null(reference.Run());
        Assert.Null(overflowing.Run((run, step) => Overflow(run, overflow.Remove(step))));

        Assert.Equal(Enumerable.Range(1, Steps), overflowing.Reported(MetricKeys.TrainLoss).Select(point => point.Step));
        Assert.Equal((0, 2), (reference.Progress.Scaler.Overflows, overflowing.Progress.Scaler.Overflows));
        Assert.Equal(65536, reference.Progress.Scaler.Scale);
        Assert.Equal(16384, overflowing.Progress.Scaler.Scale);
        Assert.Equal(32768, overflowing.Reported(MetricKeys.TrainLossScale)[0].Value);
        Assert.Equal([0, Steps], overflowing.Reported(MetricKeys.EvalLoss).Select(point => point.Step));
        Assert.Equal(reference.Progress.Consumed.Sha256, overflowing.Progress.Consumed.Sha256);

        // The scale is a power of two: the runs differ only by fp16 rounding at the lower end of its range.
        Assert.All(reference.Reported(MetricKeys.TrainLoss).Zip(overflowing.Reported(MetricKeys.TrainLoss)), pair =>
            Assert.Equal(pair.First.Value, pair.Second.Value, 5e-3 * pair.First.Value));
    }

    [Fact]
    public void Train_OverflowAcrossACheckpoint_ResumesItsScaleAndCounters()
    {
        using TestTrainer trainer = new();
        string folder = trainer.NewFolder();
        using (OpenRun first = new(trainer, folder, Spec(), clock: new LeapingClock()))
        {
            bool once = true;
            Assert.IsType<OperationCanceledException>(first.Run((run, step) =>
            {
                Overflow(run, step == 3 && once);
                once = once && step != 3;
                if (step == 9)
                {
                    first.Stop();
                }
            }), exactMatch: false);
            Assert.Equal((32768.0, 1), (first.Progress.Scaler.Scale, first.Progress.Scaler.Overflows));
        }

        using OpenRun second = new(trainer, folder, Spec(), number: 2);
        int resumedAt = second.Progress.Step;
        (double scale, int goodSteps, int overflows) =
            (second.Progress.Scaler.Scale, second.Progress.Scaler.GoodSteps, second.Progress.Scaler.Overflows);

        Assert.Null(second.Run());

        Assert.Equal((32768.0, resumedAt - 2, 1), (scale, goodSteps, overflows));
        Assert.Equal(Steps, second.Progress.Step);
        Assert.Contains("\"overflows\": 1", File.ReadAllText(Path.Combine(folder, RunFilesFingerprint)), StringComparison.Ordinal);
    }

    [Fact]
    public void Train_OverflowAtEveryScale_Diverges()
    {
        using TestTrainer trainer = new();
        using OpenRun run = new(trainer, trainer.NewFolder(), Spec());

        RunFailure failure = Assert.IsType<RunFailure>(run.Run((prepared, step) => Overflow(prepared, step == 5)));

        Assert.Equal(EndReason.Diverged, failure.Reason);
        Assert.Contains("overflows fp16 at step 5 of 40 even without loss scaling", failure.Message, StringComparison.Ordinal);
        Assert.Equal(4, run.Progress.Consumed.Steps);
    }

    [Fact]
    public void Train_NonFiniteGradientInFp32_DivergesAtThatStepAndUpdatesNothingAfterIt()
    {
        using TestTrainer trainer = new();
        JsonObject spec = Spec();
        spec["precision"] = "fp32";
        using OpenRun run = new(trainer, trainer.NewFolder(), spec);

        RunFailure failure = Assert.IsType<RunFailure>(run.Run((prepared, step) => Overflow(prepared, step == 6)));

        Assert.Contains("at step 6 of 40", failure.Message, StringComparison.Ordinal);
        Assert.All(run.Prepared.Adapters.SelectMany(adapter => adapter.Trainable), parameter =>
            Assert.True(parameter.Value.isfinite().all().item<bool>()));
    }

    private static void Overflow(PreparedRun run, bool now)
    {
        if (now)
        {
            using IDisposable noGrad = no_grad();
            using IDisposable scope = NewDisposeScope();
            run.Adapters[0].Trainable[0].Value.grad!.view(-1).narrow(0, 0, 1).fill_(float.PositiveInfinity);
        }
    }

    private static JsonObject Spec()
    {
        JsonObject spec = MicroSpec.For("lora");
        spec["precision"] = "fp16";
        spec["trainSamples"] = Steps * 4;
        spec["effectiveBatch"] = 4;
        spec["evalEvery"] = 100;
        spec["evalSamples"] = 4;
        spec["learningRate"] = 1e-3;
        return spec;
    }
}
