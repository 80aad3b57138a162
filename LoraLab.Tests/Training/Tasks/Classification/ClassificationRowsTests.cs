using System.Text.Json;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using LoraLab.Training.Data;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tasks.Classification;
using Xunit;

namespace LoraLab.Tests.Training.Tasks.Classification;

public sealed class ClassificationRowsTests
{
    private static readonly Lazy<ClassificationDataset> _sst2 = new(() => ClassificationReader.Read("sst2", Fixtures.Sst2));

    [Fact]
    public void Select_Defaults_IsThePapersSubset()
    {
        ClassificationRows rows = _sst2.Value.Select(new RunSpec());

        Assert.Equal((20000, 872), (rows.Consumed.Count, rows.Evaluation.Count));
        Assert.Equal((8940, 11060), (rows.Consumed.Count(row => row.Label == 0), rows.Consumed.Count(row => row.Label == 1)));
        Assert.Equal([32326, 27449, 60108], rows.Consumed.Take(3).Select(row => row.Row));
        Assert.Equal(86, rows.Consumed[^1].Row);
    }

    [Fact]
    public void Select_Defaults_HasTheLabelCountsOfTheReference()
    {
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllText(Fixtures.Golden("subset.json")));
        ClassificationRows rows = _sst2.Value.Select(new RunSpec());

        Assert.Equal(Counts(golden.RootElement.GetProperty("first20000")), Counts(rows.Consumed));
        Assert.Equal(Counts(golden.RootElement.GetProperty("dev")), Counts(rows.Evaluation));
    }

    [Fact]
    public void Select_OrderSeed_OrdersTheSameRows()
    {
        RunSpec spec = new() { TrainSamples = 12, DataOffset = 5 };
        IReadOnlyList<LabeledRow> selected = Numbered(40).Select(spec).Consumed;
        IReadOnlyList<LabeledRow> ordered = Numbered(40).Select(spec with { OrderSeed = 42 }).Consumed;

        Assert.Equal(NumpyRandom.Permutation(42, 40)[5..17], selected.Select(row => row.Row));
        int[] order = [0, 7, 6, 9, 11, 3, 5, 2, 4, 10, 1, 8];
        Assert.Equal(order.Select(i => selected[i]), ordered);
    }

    [Fact]
    public void Select_NoDataSeedAndMoreThanAllRows_IsTheWholeFileInOrder()
    {
        ClassificationRows rows = Numbered(40).Select(new RunSpec { DataSeed = null });

        Assert.Equal(Enumerable.Range(0, 40), rows.Consumed.Select(row => row.Row));
    }

    [Fact]
    public void Select_EvalSamples_TakesTheFirstRows()
    {
        ClassificationRows rows = Numbered(40).Select(new RunSpec { EvalSamples = 3 });

        Assert.Equal([0, 1, 2], rows.Evaluation.Select(row => row.Row));
        Assert.Equal(8, Numbered(40).Select(new RunSpec { EvalSamples = 900 }).Evaluation.Count);
    }

    [Fact]
    public void Select_SelectionSplitOfSst2_IsBalancedLongAndApartFromTheTrainingRows()
    {
        ClassificationDataset data = _sst2.Value;
        ClassificationRows rows = data.Select(new RunSpec { EvalSplit = EvalSplit.Selection });

        HashSet<int> trained = [.. rows.Consumed.Select(row => row.Row)];
        HashSet<string> grams = [.. rows.Consumed.SelectMany(row => FiveGrams(row.Texts[0]))];
        Assert.Equal((436, 436), (rows.Evaluation.Count(row => row.Label == 0), rows.Evaluation.Count(row => row.Label == 1)));
        Assert.All(rows.Evaluation, row =>
        {
            Assert.Same(data.Train[row.Row], row);
            Assert.DoesNotContain(row.Row, trained);
            Assert.True(Words(row.Texts[0]).Length >= 10);
            Assert.DoesNotContain(FiveGrams(row.Texts[0]), grams.Contains);
        });
        int[] position = new int[data.Train.Count];
        int[] permutation = NumpyRandom.Permutation(42, data.Train.Count);
        for (int i = 0; i < permutation.Length; i++)
        {
            position[permutation[i]] = i;
        }

        int[] positions = [.. rows.Evaluation.Select(row => position[row.Row])];
        Assert.Equal(positions.Order(), positions);
        Assert.True(positions[0] >= 20000);
    }

    [Fact]
    public void Select_SelectionSplitOfTooFewRows_IsAnError()
    {
        RunFailure failure = Assert.Throws<RunFailure>(() =>
            _sst2.Value.Select(new RunSpec { EvalSplit = EvalSplit.Selection, TrainSamples = 67000 }));

        Assert.Equal("evalSplit", failure.Field);
        Assert.Contains("400", failure.Message);
    }

    [Theory]
    [InlineData("dataOffset", 40)]
    [InlineData("dataOffset", -1)]
    [InlineData("trainSamples", 0)]
    [InlineData("evalSamples", 0)]
    [InlineData("dataSeed", -1)]
    [InlineData("orderSeed", -1)]
    public void Select_NumberOutOfRange_NamesTheField(string field, int value)
    {
        RunSpec spec = field switch
        {
            "dataOffset" => new RunSpec { DataOffset = value },
            "trainSamples" => new RunSpec { TrainSamples = value },
            "evalSamples" => new RunSpec { EvalSamples = value },
            "dataSeed" => new RunSpec { DataSeed = value },
            _ => new RunSpec { OrderSeed = value },
        };

        RunFailure failure = Assert.Throws<RunFailure>(() => Numbered(40).Select(spec));

        Assert.Equal(field, failure.Field);
        Assert.Contains(field, failure.Message);
    }

    private static (int, int) Counts(JsonElement counts) =>
        (counts.GetProperty("negative").GetInt32(), counts.GetProperty("positive").GetInt32());

    private static (int, int) Counts(IReadOnlyList<LabeledRow> rows) =>
        (rows.Count(row => row.Label == 0), rows.Count(row => row.Label == 1));

    private static ClassificationDataset Numbered(int rows) => new()
    {
        Name = "numbered",
        Labels = ["negative", "positive"],
        Train = [.. Enumerable.Range(0, rows).Select(i => new LabeledRow(i, $"row {i}", i % 2))],
        Dev = [.. Enumerable.Range(0, 8).Select(i => new LabeledRow(i, $"dev {i}", i % 2))],
    };

    private static string[] Words(string sentence) => sentence.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static string[] FiveGrams(string sentence)
    {
        string[] words = Words(sentence);
        return [.. Enumerable.Range(0, Math.Max(0, words.Length - 4)).Select(i => string.Join(' ', words[i..(i + 5)]))];
    }
}
