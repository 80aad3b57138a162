using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Training.Training;

public sealed class RunEndingTests
{
    [Fact]
    public void Train_MicroRun_RecordsEverythingOnceAndInOrder()
    {
        using TestTrainer trainer = new();

        FinishedRun run = trainer.Run(MicroSpec.For("lora"));

        Assert.Equal(EndReason.Finished, run.Ended.Reason);
        Assert.Equal(Enumerable.Range(1, run.Events.Count).Select(n => (long)n), run.Events.Select(happened => happened.Number));
        Assert.IsType<AttemptStarted>(run.Events[0]);
        Assert.IsType<AttemptEnded>(run.Events[^1]);
        Assert.Equal([0, 2, 4], run.Series(MetricKeys.EvalAccuracy).Keys);
        Assert.Equal([1, 2, 3, 4], run.Series(MetricKeys.TrainLoss).Keys);
        Assert.Equal([1, 2, 3, 4], run.Series(MetricKeys.MemoryUsedMb).Keys);
        Assert.Equal(0.005 * 0.75, run.Series(MetricKeys.TrainLearningRate)[2], 1e-12);
        RunSummary summary = run.Summary;
        Assert.True(summary.TrainSeconds > 0 && summary.EvalSeconds > 0 && summary.LoadSeconds > 0);
        Assert.InRange(summary.PeakMemoryMb!.Value, 20, 24_000);
        Assert.Equal(32, summary.EvalRows);
        Assert.Equal(run.Predictions(4).Count(row => row[1] == row[2]), summary.Correct);
        Assert.Equal(run.Series(MetricKeys.EvalAccuracy)[4], summary[MetricKeys.EvalAccuracy]!.Last);
    }

    [Fact]
    public void Train_MicroRun_RecordsTheTextsOfItsEvaluationRows()
    {
        using TestTrainer trainer = new();

        FinishedRun run = trainer.Run(MicroSpec.For("lora"));

        EvaluationRow[] rows = [.. File.ReadLines(Path.Combine(run.Folder, RunFiles.EvaluationRows))
            .Select(line => JsonSerializer.Deserialize<EvaluationRow>(line, ContractJson.Options)!)];
        Assert.Equal(
            run.Predictions(4).Select(cells => (cells[0], cells[1])), rows.Select(row => ($"{row.Row}", $"{row.Label}")));
        Assert.All(rows, row =>
        {
            string sentence = Assert.Single(row.Columns, column => column.Key == "sentence").Value;
            Assert.StartsWith($"Classify the sentiment of this sentence: {sentence}", row.Prompt, StringComparison.Ordinal);
            Assert.EndsWith("Sentiment:", row.Prompt, StringComparison.Ordinal);
            Assert.Equal(2, row.LabelTokens!.Count);
        });
    }

    [Fact]
    public void Train_AbsurdLearningRate_EndsAsDivergedWithAMessage()
    {
        using TestTrainer trainer = new();
        JsonObject spec = MicroSpec.For("lora");
        spec["learningRate"] = 1e36;
        spec["alpha"] = 1e6;
        spec["maxGradNorm"] = null;

        FinishedRun run = trainer.Run(spec);

        Assert.Equal(EndReason.Diverged, run.Ended.Reason);
        Assert.Matches("became (NaN|infinite) at step [23] of 4: lower learningRate", run.Ended.Error!);
        Assert.Contains(run.Series(MetricKeys.TrainLoss).Values, loss => !double.IsFinite(loss));
        Assert.NotNull(run.Summary[MetricKeys.EvalAccuracy]);
    }

    [Fact]
    public void Train_WindowThatDoesNotFitOnePass_IsSplitAndHasTheSameLosses()
    {
        using TestTrainer trainer = new();
        JsonObject split = MicroSpec.For("lora");
        split["packTokens"] = 60;

        FinishedRun whole = trainer.Run(MicroSpec.For("lora")), inParts = trainer.Run(split);

        Assert.Equal((null, 60), (whole.Prepared.Environment.PackTokens, inParts.Prepared.Environment.PackTokens));
        Assert.All(whole.Series(MetricKeys.TrainLoss), point =>
            Assert.Equal(point.Value, inParts.Series(MetricKeys.TrainLoss)[point.Key], 1e-5));
    }

    [Fact]
    public void Train_MicroBatchOneThreeAndAuto_HaveTheSameLosses()
    {
        using TestTrainer trainer = new();
        JsonObject reference = MicroSpec.For("lora");
        reference["microBatch"] = 1;
        reference["dropout"] = 0.1;
        JsonObject three = MicroSpec.For("lora");
        three["microBatch"] = 3;
        three["dropout"] = 0.1;
        JsonObject auto = MicroSpec.For("lora");
        auto["dropout"] = 0.1;

        FinishedRun[] runs = [trainer.Run(reference), trainer.Run(three), trainer.Run(auto)];

        Assert.Equal(8, runs[2].Prepared.Environment.MicroBatch);
        IReadOnlyDictionary<int, double> expected = runs[0].Series(MetricKeys.TrainLoss);
        foreach (FinishedRun run in runs)
        {
            Assert.All(run.Series(MetricKeys.TrainLoss), point =>
                Assert.Equal(expected[point.Key], point.Value, 1e-5 * expected[point.Key]));
        }
    }

    [Fact]
    public void Train_SentenceLongerThanTheContext_IsRefusedWithItsLine()
    {
        using TestTrainer trainer = new();
        string folder = Path.Combine(trainer.NewFolder(), "..", "datasets", "long");
        Directory.CreateDirectory(folder);
        File.WriteAllText(
            Path.Combine(folder, "train.tsv"),
            "sentence\tlabel\nfine \t1\n" + string.Concat(Enumerable.Repeat("a very long review ", 2000)) + "\t0\n");
        File.WriteAllText(Path.Combine(folder, "dev.tsv"), "sentence\tlabel\ngood \t1\nbad \t0\n");
        JsonObject spec = MicroSpec.For("lora");
        spec["dataset"] = "long";
        spec["evalSamples"] = null;

        FinishedRun run = trainer.Run(spec);

        Assert.Equal(EndReason.BadData, run.Ended.Reason);
        Assert.StartsWith("1 training row has more than the model's context of", run.Ended.Error, StringComparison.Ordinal);
        Assert.Contains("line 3 of train.tsv", run.Ended.Error, StringComparison.Ordinal);
    }
}
