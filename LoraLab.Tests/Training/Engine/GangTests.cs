using System.Text.Json.Nodes;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Training.Engine;

/// <summary>Runs that train together over one set of frozen products are each what they are alone.</summary>
public sealed class GangTests(ITestOutputHelper output, GoldenRuns golden) : IClassFixture<GoldenRuns>
{
    private static readonly string[] _references =
        ["lora-qv", "lora-swapped-qv", "lora-xs-qv", "lora-plus-qv", "pissa-qv", "lora-all", "lora-xs-all", "pissa-all", "lora-warmup"];

    [Fact]
    public void Train_GoldenConfigurationsTogether_FollowTheirReferences()
    {
        IReadOnlyList<FinishedRun> runs = golden.RunTogether(_references);

        foreach ((string name, FinishedRun run) in _references.Zip(runs))
        {
            (JsonObject reference, _) = GoldenRuns.Load(name);
            Deviations deviations = new(output, $"{name}/trajectory.json in a gang of {_references.Length}");
            Assert.Equal(EndReason.Finished, run.Ended.Reason);
            GoldenTrajectoryTests.CompareSteps(run, reference["train"]!.AsArray(), 1e-5, deviations);
            GoldenTrajectoryTests.CompareScores(run, reference["evalFirst64"]!.AsArray(), run.Prepared.TotalSteps, 1e-3, deviations);
            deviations.Judge();
        }
    }

    [Fact]
    public void Train_MembersOfManyKinds_AreWhatTheyAreAlone()
    {
        using TestTrainer trainer = new();
        JsonObject[] specs = [Spec("lora"), Spec("lora-swapped"), Spec("lora-xs"), Spec("lora-plus"), Pissa("branch")];
        specs[1]["rank"] = 2;
        specs[2]["targetModules"] = new JsonArray("down_proj", "k_proj");
        specs[3]["maxGradNorm"] = 0.1;
        specs[3]["seed"] = 7;

        IReadOnlyList<FinishedRun> together = trainer.RunTogether(specs);

        foreach ((JsonObject spec, FinishedRun run) in specs.Zip(together))
        {
            AssertSame(trainer.Run(spec), run);
            Assert.Equal(((int?)5, (double?)null, (double?)null), (run.Summary.GangSize, run.Summary.TrainSeconds, run.Summary.PeakMemoryMb));
        }
    }

    [Fact]
    public void Train_OneMemberDivergesAndOneIsCancelled_TheOthersGoOn()
    {
        using TestTrainer trainer = new();
        JsonObject[] specs = [Spec("lora"), Spec("lora-plus"), Spec("lora-swapped")];
        specs[1]["learningRate"] = 1e38;
        specs[1]["maxGradNorm"] = null;

        IReadOnlyList<FinishedRun> together = trainer.RunTogether(specs, (member, happened, stop) =>
        {
            if (member == 2 && happened is MetricsRecorded recorded && recorded.Steps.Contains(2))
            {
                stop.Cancel();
            }
        });

        Assert.Equal([EndReason.Finished, EndReason.Diverged, EndReason.Cancelled], together.Select(run => run.Ended.Reason));
        Assert.Equal(2, together[2].Series(MetricKeys.TrainLoss).Count);
        Assert.True(Directory.Exists(Path.Combine(together[2].Folder, RunFiles.Checkpoints, "step-00000002")));
        AssertSame(trainer.Run(specs[0]), together[0]);
    }

    public static TheoryData<string, string, string> Refused => new()
    {
        { """{"trainSamples": 16}""", "trainSamples", "must agree in trainSamples; it is 32 in the first and 16 in number 2" },
        { """{"orderSeed": 3}""", "orderSeed", "must agree in orderSeed; it is null in the first and 3 in number 2" },
        { """{"method": "pissa"}""", "methodOptions", "set methodOptions.residual to branch" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void Train_RunsThatCannotTrainTogether_AreRefusedByName(string change, string field, string sentence)
    {
        using TestTrainer trainer = new();
        JsonObject second = Spec("lora");
        foreach ((string name, JsonNode? value) in JsonNode.Parse(change)!.AsObject())
        {
            second[name] = value?.DeepClone();
        }

        IReadOnlyList<FinishedRun> runs = trainer.RunTogether([Spec("lora"), second]);

        Assert.All(runs, run => Assert.Equal(EndReason.BadData, run.Ended.Reason));
        Assert.Contains(sentence, runs[0].Ended.Error, StringComparison.Ordinal);
        Assert.Contains(field, runs[0].Ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Train_LiteralLoopInAGang_IsRefused()
    {
        using TestTrainer trainer = new();
        JsonObject spec = Spec("lora");
        spec["microBatch"] = 1;

        IReadOnlyList<FinishedRun> runs = trainer.RunTogether([spec, spec.DeepClone().AsObject()]);

        Assert.Contains("microBatch must not be 1", runs[1].Ended.Error, StringComparison.Ordinal);
    }

    private static JsonObject Spec(string method) => MicroSpec.For(method);

    private static JsonObject Pissa(string residual)
    {
        JsonObject spec = Spec("pissa");
        spec["methodOptions"] = new JsonObject { ["residual"] = residual };
        return spec;
    }

    private static void AssertSame(FinishedRun alone, FinishedRun member)
    {
        foreach (string key in (string[])[MetricKeys.TrainLoss, MetricKeys.TrainGradNorm, MetricKeys.EvalLoss])
        {
            IReadOnlyDictionary<int, double> expected = alone.Series(key), found = member.Series(key);
            Assert.Equal(expected.Keys, found.Keys);
            Assert.All(expected.Keys, step => Assert.Equal(expected[step], found[step], 1e-4 * Math.Abs(expected[step])));
        }
    }
}
