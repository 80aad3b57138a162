using LoraLab.Tests.Support;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tasks.Classification;
using Xunit;

namespace LoraLab.Tests.Training.Tasks.Classification;

/// <summary>The labels of a file have one reading: label words, or positions from 0.</summary>
public sealed class LabelReadingTests : IDisposable
{
    private const string FiveStars = "\"labels\": [\"1\", \"2\", \"3\", \"4\", \"5\"]";
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Read_LabelWordsOneToFiveAndDataZeroToFour_IsReadByPosition()
    {
        int[] values = [.. Enumerable.Range(0, 50).Select(i => i % 5)];

        ClassificationDataset data = Read(FiveStars, values, values);

        Assert.Equal(values, data.Train.Select(row => row.Label));
        Assert.Equal([10, 10, 10, 10, 10], data.Entry.TrainLabels.Values);
        Assert.Equal([10, 10, 10, 10, 10], data.Entry.EvalLabels.Values);
    }

    [Fact]
    public void Read_LabelWordsOneToFiveAndDataOneToFive_IsReadAsWords()
    {
        ClassificationDataset data = Read(FiveStars, [1, 2, 3, 4, 5], [5, 1]);

        Assert.Equal([0, 1, 2, 3, 4], data.Train.Select(row => row.Label));
        Assert.Equal([4, 0], data.Dev.Select(row => row.Label));
    }

    [Theory]
    [InlineData(new[] { 0, 4 }, new[] { 1, 3 }, new[] { 1, 3 })]
    [InlineData(new[] { 1, 5 }, new[] { 1, 3 }, new[] { 0, 2 })]
    public void Read_AmbiguousFile_IsReadAsTheOther(int[] train, int[] eval, int[] expected) =>
        Assert.Equal(expected, Read(FiveStars, train, eval).Dev.Select(row => row.Label));

    [Theory]
    [InlineData(FiveStars, new[] { 1, 2, 3, 4 }, new[] { 2, 3 })]
    [InlineData("\"labels\": [\"1\", \"0\"]", new[] { 0, 1 }, new[] { 0, 1 })]
    [InlineData("\"labels\": [\"3\", \"2\", \"1\", \"0\"]", new[] { 0, 3 }, new[] { 1 })]
    [InlineData(FiveStars, new[] { 0, 1 }, new[] { 5, 1 }, new[] { 1, 2 })]
    [InlineData(FiveStars, new[] { 1, 2, 3, 4, 5 }, new[] { 0, 1, 2, 3, 4 })]
    public void Read_TwoReadingsWithDifferentMeanings_IsRefusedAndAsksForLabelValues(
        string labels, int[] train, int[] eval, int[]? selection = null)
    {
        string message = Assert.Throws<RunFailure>(() => Read(labels, train, eval, selection)).Message;

        Assert.Contains("\"labelValues\" to dataset.json", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_TwoReadingsWithOneMeaning_IsFine() =>
        Assert.Equal([1, 0, 1], Read("\"labels\": [\"0\", \"1\"]", [1, 0, 1], [1, 0]).Train.Select(row => row.Label));

    [Fact]
    public void Read_AmbiguousFileWithLabelValues_IsReadByThem()
    {
        string labels = FiveStars + ", \"labelValues\": {\"1\": \"2\", \"2\": \"3\", \"3\": \"4\", \"4\": \"5\", \"0\": \"1\"}";

        Assert.Equal([1, 2, 3, 4], Read(labels, [1, 2, 3, 4], [2, 3]).Train.Select(row => row.Label));
    }

    [Fact]
    public void Read_WordsAndPositionsInOneFile_IsRefusedWithTheFewer()
    {
        _folder.Write("train.tsv", "sentence\tlabel\na\tpositive\nb\tnegative\nc\t1\n");
        _folder.Write("dev.tsv", "sentence\tlabel\nd\t1\n");

        string message = Assert.Throws<RunFailure>(() => ClassificationReader.Read("mine", _folder.Path)).Message;

        Assert.Contains("line 4: the label '1' is unknown; the labels are negative, positive", message, StringComparison.Ordinal);
        Assert.Contains("labelValues", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_WordsInOneFileAndPositionsInTheOther_AreBothRead()
    {
        _folder.Write("train.tsv", "sentence\tlabel\na\tpositive\nb\tnegative\n");
        _folder.Write("dev.tsv", "sentence\tlabel\nc\t1\nd\t0\n");

        ClassificationDataset data = ClassificationReader.Read("mine", _folder.Path);

        Assert.Equal([1, 0], data.Train.Select(row => row.Label));
        Assert.Equal([1, 0], data.Dev.Select(row => row.Label));
    }

    [Fact]
    public void Read_PositionsWrittenAsFloatingPoint_AreWholeNumbers()
    {
        _folder.Write("train.tsv", "sentence\tlabel\na\t1.0\nb\t0.0\n");
        _folder.Write("dev.tsv", "sentence\tlabel\nc\t1\nd\t0.5\n");

        string message = Assert.Throws<RunFailure>(() => ClassificationReader.Read("mine", _folder.Path)).Message;

        Assert.StartsWith("mine/dev.tsv, line 3: the label '0.5' is unknown", message, StringComparison.Ordinal);
    }

    private ClassificationDataset Read(string labels, int[] train, int[] eval, int[]? selection = null)
    {
        _folder.Write("dataset.json", $"{{\"train\": \"train.csv\", \"eval\": \"eval.csv\", {labels}"
            + (selection is null ? "}" : ", \"selection\": \"held.csv\"}"));
        _folder.Write("train.csv", File(train));
        _folder.Write("eval.csv", File(eval));
        if (selection is not null)
        {
            _folder.Write("held.csv", File(selection));
        }

        return ClassificationReader.Read("mine", _folder.Path);
    }

    private static string File(int[] labels) =>
        "sentence,label\n" + string.Concat(labels.Select((label, i) => $"review number {i},{label}\n"));
}
