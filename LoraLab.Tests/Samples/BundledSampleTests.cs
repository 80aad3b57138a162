using System.Text.Json.Nodes;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.SampleMaker;
using LoraLab.SampleMaker.Pretraining;
using LoraLab.SampleMaker.Text;
using LoraLab.Tests.Support;
using LoraLab.Training.Tasks.Classification;
using LoraLab.Training.Tokenization;
using Xunit;

namespace LoraLab.Tests.Samples;

/// <summary>The committed sample matches its README and can be regenerated from its seed.</summary>
public sealed class BundledSampleTests
{
    private static readonly string _folder = Path.Combine(Fixtures.RepositoryRoot, "samples");
    private static readonly SampleData _data = SampleData.Generate(Sample.Seed);

    [Fact]
    public void Data_FromTheSeed_EqualsTheCommittedFiles()
    {
        Assert.Equal(File.ReadAllText(Path.Combine(_folder, "data", "train.tsv")), SampleData.ToTsv(_data.Training));
        Assert.Equal(File.ReadAllText(Path.Combine(_folder, "data", "dev.tsv")), SampleData.ToTsv(_data.Evaluation));
    }

    [Fact]
    public void Tokenizer_FromTheSeed_EqualsTheCommittedFiles()
    {
        Assert.Equal(File.ReadAllBytes(Path.Combine(_folder, "model", "tokenizer.model")), Sample.Tokenizer(_data));
        Assert.Equal(File.ReadAllText(Path.Combine(_folder, "model", "tokenizer_config.json")), Sample.TokenizerConfig());
    }

    [Fact]
    public void Evaluation_IsBalancedLargeAndDisjointFromTraining()
    {
        ClassificationDataset data = ClassificationReader.Read("sample", Path.Combine(_folder, "data"));

        Assert.True(data.Toy);
        Assert.InRange(data.Dev.Count, 400, 5000);
        Assert.Equal(data.Dev.Count(row => row.Label == 0), data.Dev.Count(row => row.Label == 1));
        Assert.Empty(data.Dev.Select(row => row.Texts[0]).Intersect(data.Train.Select(row => row.Texts[0])));
        Assert.Equal(data.Dev.Count, data.Dev.Select(row => row.Texts[0]).Distinct().Count());
    }

    [Fact]
    public void Evaluation_AThirdOfThePolarWordsOfEachClass_NeverOccurInTraining()
    {
        HashSet<string> training = Words(_data.Training);
        HashSet<string> evaluation = Words(_data.Evaluation);
        foreach (Mood mood in Enum.GetValues<Mood>())
        {
            string[] all = [.. PolarLexicon.Full.Of(mood)];
            Assert.All(all, word => Assert.Contains(word, evaluation));
            Assert.Equal(all.Length / 3, all.Count(word => !training.Contains(word)));
        }
    }

    [Fact]
    public void BayesRule_ComputedExactly_IsBetween95And98PercentAndFitsTheRows()
    {
        double exact = BayesRule.Accuracy();
        SampleSentence[] rows = [.. _data.Training, .. _data.Evaluation];
        double onRows = rows.Average(row =>
            (BayesRule.PositiveProbability(row.Sentence.Form, row.Sentence.Cues) > 0.5) == (row.Label == Mood.Positive) ? 1.0 : 0.0);

        Assert.InRange(exact, 0.95, 0.98);
        Assert.InRange(onRows, exact - 0.007, exact + 0.007);
    }

    [Fact]
    public void Pretraining_HasNoEvaluationSentenceAndLabelsIndependentOfTheMood()
    {
        HashSet<string> heldOut = [.. _data.Evaluation.Select(row => row.Sentence.Text)];
        Dictionary<(Mood, string), int> labels = [];
        foreach (ReviewDocument document in new ReviewCorpus(Sample.Seed, _data).Documents(Sample.PretrainingSteps * Pretrainer.Batch))
        {
            Assert.DoesNotContain(document.Sentences, heldOut.Contains);
            foreach (string label in document.FrameLabels)
            {
                labels[(document.Mood, label)] = labels.GetValueOrDefault((document.Mood, label)) + 1;
            }

            string outsideFrames = document.FrameLabels.Count > 0 ? "" : document.Text;
            Assert.DoesNotContain("positive", outsideFrames, StringComparison.Ordinal);
            Assert.DoesNotContain("negative", outsideFrames, StringComparison.Ordinal);
        }

        Assert.Equal(4, labels.Count);
        foreach (Mood mood in Enum.GetValues<Mood>())
        {
            // Labels are drawn from shuffled decks of a thousand, so only the last, incomplete deck can be unbalanced.
            Assert.InRange(Math.Abs(labels[(mood, "positive")] - labels[(mood, "negative")]), 0, 80);
            Assert.True(labels[(mood, "positive")] > 1000);
        }
    }

    [Fact]
    public void Files_AreSmall()
    {
        Assert.InRange(new DirectoryInfo(Path.Combine(_folder, "model")).EnumerateFiles().Sum(file => file.Length), 1, 3_000_000);
        Assert.InRange(new DirectoryInfo(Path.Combine(_folder, "data")).EnumerateFiles().Sum(file => file.Length), 1, 3_000_000);
    }

    [Fact]
    public void Tokenizer_LabelsAreSinglePiecesAndTextRoundTrips()
    {
        ITokenizer tokenizer = LlamaTokenizerFile.Load(Path.Combine(_folder, "model"));
        ExampleEncoder encoder = new(
            tokenizer, PromptTemplate.Parse("paper-literal"), ["negative", "positive"], LossScope.Completion, stripSentence: false);

        EvaluationExample example = encoder.EncodeEvaluation(new LabeledRow(0, _data.Evaluation[0].Sentence.Text, 0));

        Assert.All(example.LabelIds, ids => Assert.Single(ids));
        foreach (SampleSentence row in _data.Evaluation.Take(50))
        {
            Assert.Equal(row.Sentence.Text, tokenizer.Decode(tokenizer.Encode(row.Sentence.Text)).TrimStart());
        }
    }

    [Fact]
    public void Runs_DifferInMethodAndLearningRateOnlyAndAreValid()
    {
        using TestTrainer trainer = new();
        JsonObject[] specs = [.. Directory.GetFiles(Path.Combine(_folder, "runs")).Order(StringComparer.Ordinal)
            .Select(file => JsonNode.Parse(File.ReadAllText(file))!.AsObject())];

        Assert.Equal(["lora", "lora-swapped", "lora-xs", "lora-plus", "pissa"], specs.Select(spec => (string)spec["method"]!));
        foreach (JsonObject spec in specs)
        {
            SpecValidation validation = trainer.Services.Validator.Validate(spec);
            Assert.Empty(validation.Errors);
            Assert.Equal(["demo"], validation.Spec!.Tags);
            Assert.Equal(LossScope.Completion, validation.Spec.LossScope);
        }

        Assert.Single(specs.Select(spec => Without(spec, "name", "method", "learningRate")).Distinct());
    }

    [Fact]
    public void Runs_BeforeTraining_AreWithinThreeStandardErrorsOfChance()
    {
        using TestTrainer trainer = new();
        double standardError = Math.Sqrt(0.25 / _data.Evaluation.Count);
        foreach (string file in Directory.GetFiles(Path.Combine(_folder, "runs")))
        {
            JsonObject spec = JsonNode.Parse(File.ReadAllText(file))!.AsObject();
            spec["maxSteps"] = 1;

            Evaluated before = trainer.Run(spec).Events.OfType<Evaluated>().First();

            Assert.Equal((0, _data.Evaluation.Count), (before.Step, before.Rows));
            Assert.InRange(before.Metrics[MetricKeys.EvalAccuracy], 0.5 - (3 * standardError), 0.5 + (3 * standardError));
        }
    }

    private static string Without(JsonObject spec, params string[] keys)
    {
        JsonObject copy = spec.DeepClone().AsObject();
        foreach (string key in keys)
        {
            copy.Remove(key);
        }

        return copy.ToJsonString();
    }

    private static HashSet<string> Words(IEnumerable<SampleSentence> rows) => [.. rows.SelectMany(row => row.Sentence.PolarWords)];
}
