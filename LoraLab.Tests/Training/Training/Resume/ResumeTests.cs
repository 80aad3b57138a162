using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Files;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters;
using LoraLab.Training.Files.Safetensors;
using LoraLab.Training.Training.Fingerprints;
using LoraLab.Training.Training.Recording;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Training.Resume;

/// <summary>A run that is stopped anywhere and resumed from its checkpoint has exactly the result of an uninterrupted run.</summary>
public sealed class ResumeTests
{
    private const int Steps = 7;
    private static readonly string[] _exact =
    [
        MetricKeys.TrainLoss, MetricKeys.TrainGradNorm, MetricKeys.TrainLearningRate, MetricKeys.EvalAccuracy, MetricKeys.EvalMacroF1,
        MetricKeys.EvalLoss,
    ];

    /// <summary>Plain factors, a schedule of its own, calibration, and weights: what a checkpoint holds differs in kind.</summary>
    private static readonly string[] _everywhere = ["lora", "adalora", "eva", "full"];

    public static TheoryData<string> Kinds => [.. _everywhere];

    public static TheoryData<string> Others => [.. LoraMethods.All.Select(method => method.Id).Except(_everywhere)];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Train_StoppedAtEachKindOfPosition_EndsWithTheSameBytes(string method) => StopAndResume(method);

    [Theory]
    [Trait("Category", "Exhaustive")]
    [MemberData(nameof(Others))]
    public void Train_OtherMethodStopped_EndsWithTheSameBytes(string method) => StopAndResume(method);

    private static void StopAndResume(string method)
    {
        using TestTrainer trainer = new();
        FinishedRun whole = trainer.Run(Spec(method));

        // During the first evaluation, between evaluations, before an evaluation, and during it; where the loop stops is no matter of the
        // method, so that most are stopped twice only.
        Action<WorkerEvent, StopSignal>[] stops = _everywhere.Contains(method)
            ? [DuringEvaluation(0), AfterStep(1), AfterStep(3), DuringEvaluation(6)]
            : [AfterStep(3), DuringEvaluation(6)];
        string folder = trainer.NewFolder();
        for (int i = 0; i < stops.Length; i++)
        {
            Assert.Null(trainer.Attempt(folder, i + 1, Spec(method), stops[i], new LeapingClock()));
        }

        Assert.Equal(EndReason.Finished, trainer.Attempt(folder, stops.Length + 1, Spec(method)));
        AssertSame(whole, folder, attempts: stops.Length + 1);
    }

    [Theory]
    [InlineData("state.safetensors", true)]
    [InlineData("state.safetensors", false)]
    [InlineData("state.json", true)]
    public void Train_TornCheckpoint_ResumesFromThePreviousOne(string file, bool cutOff)
    {
        using TestTrainer trainer = new();
        FinishedRun whole = trainer.Run(Spec("lora"));
        string folder = trainer.NewFolder();
        Assert.Null(trainer.Attempt(folder, 1, Spec("lora"), AfterStep(5), new LeapingClock()));
        Assert.Equal(["step-00000004", "step-00000005"], Checkpoints(folder).Select(Path.GetFileName));
        Tear(Path.Combine(Checkpoints(folder)[^1], file), cutOff);

        Assert.Equal(EndReason.Finished, trainer.Attempt(folder, 2, Spec("lora")));

        Assert.Equal(4, FinishedRun.Read(folder, 2).Prepared.ResumedFrom);
        Assert.Contains("checkpoint step-00000005 is damaged and skipped", Log(folder, 2), StringComparison.Ordinal);
        AssertSame(whole, folder, attempts: 2);
    }

    [Fact]
    public void Train_FrozenFactors_AreWrittenOnceAndNotInCheckpoints()
    {
        using TestTrainer trainer = new();
        FinishedRun run = trainer.Run(Spec("lora-xs"));
        string file = Assert.Single(Directory.GetFiles(Path.Combine(run.Folder, RunFiles.Checkpoints), "frozen-*.safetensors"));
        PlainSafetensors frozen = new(file);

        Assert.NotEmpty(frozen.Names);
        Assert.All(frozen.Names, name => Assert.True(
            name.EndsWith(".lora_A", StringComparison.Ordinal) || name.EndsWith(".lora_B", StringComparison.Ordinal)));
        Assert.All(Checkpoints(run.Folder), checkpoint =>
        {
            PlainSafetensors changing = new(Path.Combine(checkpoint, "state.safetensors"));
            Assert.NotEmpty(changing.Names);
            Assert.All(changing.Names, name => Assert.Contains(".lora_R", name, StringComparison.Ordinal));
        });
    }

    [Theory]
    [InlineData("lora-xs")]
    [InlineData("pissa")]
    public void Train_CheckpointOfAnEarlierVersionWithItsFrozenFactors_Resumes(string method)
    {
        using TestTrainer trainer = new();
        FinishedRun whole = trainer.Run(Spec(method));
        string folder = trainer.NewFolder();
        Assert.Null(trainer.Attempt(folder, 1, Spec(method), AfterStep(3), new LeapingClock()));
        string frozen = Assert.Single(Directory.GetFiles(Path.Combine(folder, RunFiles.Checkpoints), "frozen-*.safetensors"));
        foreach (string checkpoint in Checkpoints(folder))
        {
            MergeAsBefore(checkpoint, frozen);
        }

        File.Delete(frozen);
        Assert.Equal(EndReason.Finished, trainer.Attempt(folder, 2, Spec(method)));

        Assert.Equal(3, FinishedRun.Read(folder, 2).Prepared.ResumedFrom);
        AssertSame(whole, folder, attempts: 2);
    }

    [Fact]
    public void Train_FrozenFactorsDamaged_StartsOverAndSaysSo()
    {
        using TestTrainer trainer = new();
        FinishedRun whole = trainer.Run(Spec("lora-xs"));
        string folder = trainer.NewFolder();
        Assert.Null(trainer.Attempt(folder, 1, Spec("lora-xs"), AfterStep(5), new LeapingClock()));
        Tear(Directory.GetFiles(Path.Combine(folder, RunFiles.Checkpoints), "frozen-*.safetensors").Single(), cutOff: false);

        Assert.Equal(EndReason.Finished, trainer.Attempt(folder, 2, Spec("lora-xs")));

        Assert.Contains("is damaged and skipped: frozen-", Log(folder, 2), StringComparison.Ordinal);
        AssertSame(whole, folder, attempts: 2);
    }

    // Memory that is short leaves the device usable, and the steps before are saved; a lost device does not.
    [Theory]
    [InlineData("CUDA out of memory. Tried to allocate 2.00 GiB.", 5)]
    [InlineData("CUDA error: unknown error", 4)]
    public void Train_DeviceFailsInAGradient_ResumesFromWhatItLeaves(string error, int resumedFrom)
    {
        using TestTrainer trainer = new();
        FinishedRun whole = trainer.Run(Spec("lora"));
        string folder = trainer.NewFolder();
        using (OpenRun run = new(trainer, folder, Spec("lora")))
        {
            Exception? ended = run.Run((_, step) =>
            {
                if (step == 6)
                {
                    throw new System.Runtime.InteropServices.ExternalException(error);
                }
            });
            Assert.Equal(error, ended?.Message);
        }

        Assert.Equal(EndReason.Finished, trainer.Attempt(folder, 2, Spec("lora")));

        Assert.Equal(resumedFrom, FinishedRun.Read(folder, 2).Prepared.ResumedFrom);
        Assert.Equal(whole.ResultBytes(), FinishedRun.Read(folder, 2).ResultBytes());
    }

    [Fact]
    public void Train_AllCheckpointsTorn_StartsOver()
    {
        using TestTrainer trainer = new();
        FinishedRun whole = trainer.Run(Spec("pissa"));
        string folder = trainer.NewFolder();
        Assert.Null(trainer.Attempt(folder, 1, Spec("pissa"), AfterStep(5), new LeapingClock()));
        Checkpoints(folder).ToList().ForEach(checkpoint => Tear(Path.Combine(checkpoint, "state.safetensors"), cutOff: false));

        Assert.Equal(EndReason.Finished, trainer.Attempt(folder, 2, Spec("pissa")));

        Assert.Equal(0, FinishedRun.Read(folder, 2).Prepared.ResumedFrom);
        AssertSame(whole, folder, attempts: 2);
    }

    [Fact]
    public void Train_OtherSpecificationOverACheckpoint_IsRefused()
    {
        using TestTrainer trainer = new();
        string folder = trainer.NewFolder();
        Assert.Null(trainer.Attempt(folder, 1, Spec("lora"), AfterStep(3), new LeapingClock()));
        JsonObject other = Spec("lora");
        other["learningRate"] = 0.004;

        Assert.Equal(EndReason.BadData, trainer.Attempt(folder, 2, other));

        Assert.Contains("was saved with another specification", FinishedRun.Read(folder, 2).Ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Train_CheckpointWithTheHashOfAnEarlierVersion_Resumes()
    {
        using TestTrainer trainer = new();
        string folder = trainer.NewFolder();
        Assert.Null(trainer.Attempt(folder, 1, Spec("lora"), AfterStep(3), new LeapingClock()));
        RunSpec spec = trainer.Services.Validator.Validate(Spec("lora")).Spec!;
        foreach (string file in Checkpoints(folder).Select(checkpoint => Path.Combine(checkpoint, "state.json")))
        {
            string text = File.ReadAllText(file);
            Assert.Contains(SpecHash.Of(spec), text, StringComparison.Ordinal);
            File.WriteAllText(file, text.Replace(SpecHash.Of(spec), LegacySpecHash.Of(spec), StringComparison.Ordinal));
        }

        Assert.Equal(EndReason.Finished, trainer.Attempt(folder, 2, Spec("lora")));

        Assert.Equal(3, FinishedRun.Read(folder, 2).Prepared.ResumedFrom);
    }

    [Fact]
    public void Train_RunRenamedAndTaggedAfterItsCheckpoint_Resumes()
    {
        using TestTrainer trainer = new();
        string folder = trainer.NewFolder();
        Assert.Null(trainer.Attempt(folder, 1, Spec("lora"), AfterStep(3), new LeapingClock()));
        JsonObject renamed = Spec("lora");
        (renamed["name"], renamed["notes"], renamed["tags"], renamed["priority"]) = ("another", "noted", new JsonArray("kept"), 3);

        Assert.Equal(EndReason.Finished, trainer.Attempt(folder, 2, renamed));

        Assert.Equal(3, FinishedRun.Read(folder, 2).Prepared.ResumedFrom);
    }

    [Fact]
    public void Train_OtherWeightsUnderACheckpoint_AreRefused()
    {
        using TestTrainer trainer = new();
        string model = trainer.CopyOfSampleModel("changing");
        JsonObject spec = Spec("lora");
        spec["model"] = "changing";
        string folder = trainer.NewFolder();
        Assert.Null(trainer.Attempt(folder, 1, spec, AfterStep(3), new LeapingClock()));
        byte[] weights = File.ReadAllBytes(Path.Combine(model, "model.safetensors"));
        weights[^2] ^= 1;
        File.WriteAllBytes(Path.Combine(model, "model.safetensors"), weights);

        Assert.Equal(EndReason.BadData, trainer.Attempt(folder, 2, spec));

        Assert.Contains(
            "weights of model 'changing' changed after the checkpoint", FinishedRun.Read(folder, 2).Ended.Error, StringComparison.Ordinal);
    }

    // With dropout, whose masks must not depend on earlier draws.
    private static JsonObject Spec(string method)
    {
        JsonObject spec = MicroSpec.For(method);
        spec["trainSamples"] = (Steps * 8) - 3;
        spec["microBatch"] = 3;
        spec["dropout"] = method == "pissa" || LoraMethods.Find(method)!.Descriptor.UnusedFields.Contains("dropout") ? 0 : 0.1;
        return spec;
    }

    private static Action<WorkerEvent, StopSignal> AfterStep(int step) => (happened, stop) =>
    {
        if (happened is MetricsRecorded recorded && recorded.Values.ContainsKey(MetricKeys.TrainLoss) && recorded.Steps[^1] == step)
        {
            stop.Abandon("stopped by the test");
        }
    };

    private static Action<WorkerEvent, StopSignal> DuringEvaluation(int step) => (happened, stop) =>
    {
        if (happened is ProgressMade { Phase: "evaluating" } progress && progress.Step == step)
        {
            stop.Abandon("stopped by the test");
        }
    };

    private static string[] Checkpoints(string folder) =>
        [.. Directory.GetDirectories(Path.Combine(folder, RunFiles.Checkpoints)).Order(StringComparer.Ordinal)];

    private static string Log(string folder, int attempt) =>
        File.ReadAllText(Path.Combine(folder, RunFiles.Attempt(attempt), RunFiles.Log));

    // Checkpoints of earlier versions have one file of tensors, whose hash is in the state.
    private static void MergeAsBefore(string checkpoint, string frozenFile)
    {
        string path = Path.Combine(checkpoint, "state.safetensors");
        Dictionary<string, Tensor> tensors = [];
        foreach (string file in (string[])[path, frozenFile])
        {
            using SafetensorsFile opened = SafetensorsFile.Open(file);
            foreach (string name in opened.Tensors.Keys)
            {
                tensors.Add(name, opened.ToTensor(name));
            }
        }

        SafetensorsWriter.Write(path, tensors, new Dictionary<string, string> { ["format"] = "pt" });
        string state = Path.Combine(checkpoint, "state.json");
        JsonObject json = JsonNode.Parse(File.ReadAllText(state))!.AsObject();
        Assert.NotNull(json["frozenFile"]);
        json.Remove("frozenFile");
        json.Remove("frozenSha256");
        json["tensorsSha256"] = Sha256Hash.OfFile(path);
        File.WriteAllText(state, json.ToJsonString());
        tensors.Values.ToList().ForEach(tensor => tensor.Dispose());
    }

    private static void Tear(string path, bool cutOff)
    {
        byte[] bytes = File.ReadAllBytes(path);
        bytes[^100] ^= 1;
        File.WriteAllBytes(path, cutOff ? bytes[..^64] : bytes);
    }

    private static void AssertSame(FinishedRun whole, string folder, int attempts)
    {
        List<FinishedRun> parts = [.. Enumerable.Range(1, attempts).Select(attempt => FinishedRun.Read(folder, attempt))];
        Assert.Equal(whole.ResultBytes(), parts[0].ResultBytes());
        foreach (string key in _exact)
        {
            SortedDictionary<int, double> points = [];
            foreach (FinishedRun part in parts)
            {
                foreach ((int step, double value) in part.Series(key))
                {
                    points[step] = value;
                }
            }

            Assert.Equal(whole.Series(key), points);
        }

        string predictions = RunFiles.PredictionsAt(Steps);
        Assert.Equal(File.ReadAllText(Path.Combine(whole.Folder, predictions)), File.ReadAllText(Path.Combine(folder, predictions)));
        RunSummary expected = whole.Summary;
        RunSummary resumed = parts[^1].Summary;
        Assert.Equal(
            expected.Metrics.OrderBy(metric => metric.Key, StringComparer.Ordinal),
            resumed.Metrics.OrderBy(metric => metric.Key, StringComparer.Ordinal));
        Assert.Equal(expected.TrainTokens, resumed.TrainTokens);
        (RunFingerprint first, RunFingerprint second) = (FingerprintOf(whole.Folder), FingerprintOf(folder));
        Assert.NotNull(first.Adapter.FinalSha256);
        Assert.Equal(
            (first.Training.ConsumedSha256, first.Training.Steps, first.Adapter.FinalSha256, first.Adapter.InitialSha256),
            (second.Training.ConsumedSha256, second.Training.Steps, second.Adapter.FinalSha256, second.Adapter.InitialSha256));
    }

    private static RunFingerprint FingerprintOf(string folder) =>
        JsonSerializer.Deserialize<RunFingerprint>(File.ReadAllText(Path.Combine(folder, RunFiles.Fingerprint)), ContractJson.Options)!;
}
