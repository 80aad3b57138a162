using System.Text.Json.Nodes;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Training.Tasks;

/// <summary>The metric by which the runs of a dataset are compared, from its manifest or its preset to the run.</summary>
public sealed class DatasetMetricTests : IDisposable
{
    private const string Rows = "sentence\tlabel\nfine .\t1\nbad .\t0\nwell .\t1\n";
    private const string Question = """{"question": "How many are two and two?", "answer": "Four. #### 4"}""" + "\n";
    private readonly TestTrainer _trainer = new();

    public void Dispose() => _trainer.Dispose();

    [Theory]
    [InlineData("{}", MetricKeys.EvalAccuracy)]
    [InlineData("""{"metric": "mcc"}""", MetricKeys.EvalMcc)]
    [InlineData("""{"metric": "eval/f1"}""", MetricKeys.EvalF1)]
    [InlineData("""{"metric": "evalLoss"}""", MetricKeys.EvalLoss)]
    public void Entry_Manifest_NamesTheMetricByKeyOrShortName(string manifest, string expected)
    {
        Write(manifest, Rows);

        Assert.Equal(expected, Entry().Metric);
        Assert.Equal(expected, Validate().Metric);
    }

    [Theory]
    [InlineData("""{"metric": "macroF"}""", "the metric 'macroF' is not known; did you mean 'eval/macroF1'?")]
    [InlineData("""{"metric": "exactMatch"}""", "the metric 'exactMatch' is not known; known are eval/accuracy, ")]
    [InlineData("""{"metric": ""}""", "the metric '' is not known; known are eval/accuracy, ")]
    [InlineData("""{"metric": 1}""", "'metric' must be a string")]
    [InlineData("""{"metric": "f1", "labels": ["no", "yes", "maybe"]}""", "but there are 3; use eval/macroF1 or eval/weightedF1")]
    [InlineData("""{"preset": "trec", "metric": "f1"}""", "but there are 6; use eval/macroF1 or eval/weightedF1")]
    [InlineData("""{"preset": "gsm8k", "metric": "accuracy"}""", "the metric 'accuracy' is not known; known are eval/loss, ")]
    public void Entry_MetricThatTheTaskDoesNotMeasure_IsRefused(string manifest, string expected)
    {
        Write(manifest, Rows);

        Assert.Contains(expected, Entry().Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"preset": "cola"}""", MetricKeys.EvalMcc)]
    [InlineData("""{"preset": "cola", "metric": "accuracy"}""", MetricKeys.EvalAccuracy)]
    public void Entry_Preset_HasTheMetricOfItsAuthors(string manifest, string expected)
    {
        const string Acceptable = "gj04\t1\t\tThe book fell .\nbc01\t0\t*\tFell the book .\n";
        _trainer.WriteDataset("mine", ("dataset.json", manifest), ("train.tsv", Acceptable), ("dev.tsv", Acceptable));

        Assert.Equal(expected, Entry().Metric);
        Assert.Equal(expected, Validate().Metric);
    }

    [Fact]
    public void Run_MetricF1_MeasuresThatOfTheSecondLabel()
    {
        Write("""{"metric": "f1"}""", Rows);
        JsonObject spec = Spec();
        spec["evalSamples"] = null;

        Evaluated last = _trainer.Run(spec).Events.OfType<Evaluated>().Last();

        // Two of three rows are positive: with t of the p predicted so right, F1 is 2t/(2 + p).
        double[] possible = [0, 2.0 / 3, 1, 0.5, 0.8];
        Assert.Contains(Math.Round(last.Metrics[MetricKeys.EvalF1], 6), possible.Select(value => Math.Round(value, 6)));
    }

    [Fact]
    public void Validate_MetricOfGeneratedTexts_NeedsThem()
    {
        _trainer.WriteDataset(
            "mine", ("dataset.json", """{"preset": "gsm8k"}"""), ("train.jsonl", Question + Question), ("test.jsonl", Question));
        JsonObject generating = Spec();
        generating["generateSamples"] = 1;

        SpecValidation without = Validate();
        SpecValidation with = _trainer.Services.Validator.Validate(generating);

        Assert.Equal((MetricKeys.EvalNumericMatch, MetricKeys.EvalLoss), (Entry().Metric, without.Metric));
        Assert.Contains(
            "Runs of dataset 'mine' are compared by numeric match, which is not measured with generateSamples 0; this one is compared by "
                + "evaluation loss.",
            without.Warnings);
        Assert.Empty(with.Errors);
        Assert.Equal(MetricKeys.EvalNumericMatch, with.Metric);
        Assert.DoesNotContain(with.Warnings, warning => warning.Contains("compared by", StringComparison.Ordinal));
    }

    private void Write(string manifest, string rows) =>
        _trainer.WriteDataset("mine", ("dataset.json", manifest), ("train.tsv", rows), ("dev.tsv", rows));

    private DatasetEntry Entry() => _trainer.Services.Datasets.Describe("mine");

    private SpecValidation Validate() => _trainer.Services.Validator.Validate(Spec());

    private static JsonObject Spec()
    {
        JsonObject spec = MicroSpec.For("lora");
        (spec["dataset"], spec["evalSamples"], spec["dataSeed"], spec["maxSteps"]) = ("mine", 1, null, 1);
        return spec;
    }
}
