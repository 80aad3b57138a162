using LoraLab.Tests.Support;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tasks.Classification;
using Xunit;

namespace LoraLab.Tests.Training.Data;

/// <summary>Parquet and JSON files of any dataset.</summary>
public sealed class ParquetTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Read_ParquetOfAnyDataset_HasItsColumns()
    {
        _folder.Write("all-a.parquet", ParquetFile.Of(("text", new[] { "one\ntwo", "three" }), ("stars", new[] { "bad", "good" })));
        _folder.Write("all-b.parquet", ParquetFile.Of(("stars", new[] { "good" }), ("text", new[] { "four" })));
        _folder.Write("dataset.json", """
            {"train": "all-*.parquet", "eval": "all-b.parquet", "columns": ["text"], "labelColumn": "stars", "labels": ["bad", "good"]}
            """);

        ClassificationDataset data = ClassificationReader.Read("mine", _folder.Path);

        Assert.Equal(["one\ntwo", "three", "four"], data.Train.Select(row => row.Texts[0]));
        Assert.Equal([0, 1, 1], data.Train.Select(row => row.Label));
        Assert.Equal(["all-a.parquet", "all-b.parquet"], data.Files.Select(file => file.Name));
    }

    [Fact]
    public void Read_JsonArray_NamesTheLineOfARow()
    {
        _folder.Write(
            "a.json",
            "[\n  {\"sentence\": \"a\", \"label\": 1},\n  {\"sentence\": \"b\",\n   \"label\": 0},\n  {\"label\": 0}\n]\n");
        _folder.Write("dataset.json", """{"train": "a.json", "eval": "a.json"}""");

        string message = Assert.Throws<RunFailure>(() => ClassificationReader.Read("mine", _folder.Path)).Message;

        Assert.Contains("mine/a.json, line 5: 'sentence' is missing or not a string", message, StringComparison.Ordinal);
        _folder.Write("a.json", "[{\"sentence\": \"a\", \"label\": 1},\n  {\"sentence\": \"b\",\n   \"label\": 0}]");
        Assert.Equal(["a", "b"], ClassificationReader.Read("mine", _folder.Path).Train.Select(row => row.Texts[0]));
    }

    [Theory]
    [InlineData("{\"sentence\": \"a\", \"label\": 1}\n", "line 1: the text is not a valid JSON array of objects")]
    [InlineData("[{\"sentence\": \"a\", \"label\": 1},\n{\"sentence\": ]\n", "line 2: the text is not a valid JSON array of objects")]
    [InlineData("[]", "has no rows")]
    public void Read_OtherJson_IsRefused(string text, string expected) => Refused("a.json", text, expected);

    [Theory]
    [InlineData("not Parquet", "is a text that begins with 'not Parquet', not the file itself")]
    [InlineData("PAR1 then nothing", "cannot be read as Parquet")]
    public void Read_OtherParquet_IsRefused(string text, string expected) => Refused("a.parquet", text, expected);

    [Fact]
    public void Read_ParquetWithoutTheColumn_NamesThoseItHas()
    {
        _folder.Write("a.parquet", ParquetFile.Of(("text", new[] { "a" }), ("label", new long[] { 0 })));
        _folder.Write("dataset.json", """{"train": "a.parquet", "eval": "a.parquet"}""");

        Assert.Equal(
            "mine/a.parquet has no column 'sentence', which 'sentenceColumn' names; it has text, label; name one of them in dataset.json.",
            Assert.Throws<RunFailure>(() => ClassificationReader.Read("mine", _folder.Path)).Message);
    }

    [Fact]
    public void Read_ParquetWithMissingText_NamesTheRow()
    {
        _folder.Write("a.parquet", ParquetFile.Of(("sentence", new[] { "a", null }), ("label", new long[] { 0, 1 })));
        _folder.Write("dataset.json", """{"train": "a.parquet", "eval": "a.parquet"}""");

        Assert.StartsWith(
            "mine/a.parquet, row 2: 'sentence' is missing.",
            Assert.Throws<RunFailure>(() => ClassificationReader.Read("mine", _folder.Path)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Read_ParquetWithLists_NamesTheColumn()
    {
        (string, string)[][] lists = [[("user", "a")]];
        _folder.Write("a.parquet", ParquetFile.Of(("sentence", lists), ("label", new long[] { 0 })));
        _folder.Write("dataset.json", """{"train": "a.parquet", "eval": "a.parquet"}""");

        Assert.Contains(
            "The column 'sentence' of mine/a.parquet, which 'sentenceColumn' names, holds lists, not texts",
            Assert.Throws<RunFailure>(() => ClassificationReader.Read("mine", _folder.Path)).Message,
            StringComparison.Ordinal);
    }

    private void Refused(string file, string text, string expected)
    {
        _folder.Write(file, text);
        _folder.Write("dataset.json", $$"""{"train": "{{file}}", "eval": "{{file}}"}""");

        Assert.Contains(
            expected, Assert.Throws<RunFailure>(() => ClassificationReader.Read("mine", _folder.Path)).Message, StringComparison.Ordinal);
    }
}
