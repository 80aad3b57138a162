using System.Text.Json.Nodes;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Worker;
using LoraLab.SampleMaker;
using LoraLab.SampleMaker.Small;
using LoraLab.Tests.Support;
using LoraLab.Training.Tokenization;
using Xunit;

namespace LoraLab.Tests.Samples;

/// <summary>The small bundled datasets can be regenerated, are bundled, and are learned by the bundled model.</summary>
public sealed class SmallDatasetTests
{
    private static readonly string _samples = Path.Combine(Fixtures.RepositoryRoot, "samples");

    public static TheoryData<string> Names => [.. BundledSample.SmallDatasets];

    [Fact]
    public void Files_FromTheSeed_EqualTheCommittedOnesAndAreSmall()
    {
        IReadOnlyList<SmallDataset> all = SmallDataset.All(Sample.Seed);
        Assert.Equal(BundledSample.SmallDatasets, all.Select(dataset => dataset.Name));
        foreach (SmallDataset dataset in all)
        {
            string folder = Path.Combine(_samples, "datasets", dataset.Name);
            Assert.Equal(dataset.Files.Keys.Append("dataset.json").Order(), Directory.GetFiles(folder).Select(Path.GetFileName).Order());
            Assert.All(dataset.Files, file => Assert.Equal(File.ReadAllText(Path.Combine(folder, file.Key)), file.Value));
            Assert.Equal(File.ReadAllText(Path.Combine(folder, "dataset.json")), dataset.ManifestText);
            Assert.Equal(File.ReadAllText(SmallDataset.SpecPath(_samples, dataset.Name)), dataset.SpecText);
            Assert.InRange(dataset.Files.Values.Sum(text => text.Length), 10_000, 400_000);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Catalog_OfTheRepository_HasItWithTheSettingsOfItsRun(string name)
    {
        using TestTrainer trainer = new();

        DatasetEntry entry = trainer.Services.Datasets.Describe(name);

        Assert.True(entry is { Usable: true, Toy: true }, entry.Problem);
        Assert.Equal((16, "sample"), ((int)entry.Run!["rank"]!, (string)entry.Run["model"]!));
        JsonObject spec = JsonNode.Parse(File.ReadAllText(SmallDataset.SpecPath(_samples, name)))!.AsObject();
        Assert.Empty(trainer.Services.Validator.Validate(spec).Errors);
    }

    [Fact]
    public void Texts_InTheVocabulary_NeedNoBytes()
    {
        ITokenizer tokenizer = LlamaTokenizerFile.Load(Path.Combine(_samples, "model"));
        Assert.All(SmallDataset.All(Sample.Seed), dataset => Assert.All(
            dataset.Files.Values.SelectMany(text => text.Split('\n')).SelectMany(line => line.Split(['{', '}', '"', '\t', '_'])),
            words => Assert.DoesNotContain(tokenizer.Encode(words.Trim()), id => id is >= 3 and < 259)));
    }

    [Theory]
    [Trait("Category", "Long")]
    [InlineData("sample-topics", 0.25)]
    [InlineData("sample-pairs", 1.0 / 3)]
    public void Run_OfTheSample_RisesFarAboveTheMajority(string name, double majority)
    {
        using TestTrainer trainer = new();
        JsonObject spec = JsonNode.Parse(File.ReadAllText(SmallDataset.SpecPath(_samples, name)))!.AsObject();
        (spec["evalSamples"], spec["evalEvery"]) = (100, 1000);

        Evaluated[] evaluations = [.. trainer.Run(spec).Events.OfType<Evaluated>()];

        Assert.InRange(evaluations[0].Metrics[MetricKeys.EvalAccuracy], 0, majority + 0.2);
        Assert.InRange(evaluations[^1].Metrics[MetricKeys.EvalAccuracy], 0.9, 1);
    }

    [Fact]
    [Trait("Category", "Long")]
    public void Run_OfTheInstructions_AnswersWhatItWasNotTrainedOn()
    {
        using TestTrainer trainer = new();
        JsonObject spec = JsonNode.Parse(File.ReadAllText(SmallDataset.SpecPath(_samples, "sample-instructions")))!.AsObject();
        (spec["generateSamples"], spec["evalEvery"]) = (60, 1000);

        Evaluated[] evaluations = [.. trainer.Run(spec).Events.OfType<Evaluated>()];

        Assert.Equal(0, evaluations[0].Metrics[MetricKeys.EvalExactMatch]);
        Assert.InRange(evaluations[^1].Metrics[MetricKeys.EvalExactMatch], 0.9, 1);
        Assert.InRange(evaluations[^1].Metrics[MetricKeys.EvalLoss], 0, evaluations[0].Metrics[MetricKeys.EvalLoss] / 5);
    }
}
