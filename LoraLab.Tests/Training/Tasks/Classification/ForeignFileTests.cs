using System.Text;
using LoraLab.Tests.Support;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tasks.Classification;
using Xunit;

namespace LoraLab.Tests.Training.Tasks.Classification;

/// <summary>Data files that are not the text that their name says, or are written by other programs.</summary>
public sealed class ForeignFileTests : IDisposable
{
    private const string Rows = "sentence\tlabel\nfine\t1\nawful\t0\n";
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("PAR1\u0000\u0001", "is a Parquet file; set \"format\": \"parquet\" in dataset.json.")]
    [InlineData("ARROW1\u0000\u0000", "is an Arrow file; convert it")]
    [InlineData("\u00ff\u00ff\u00ff\u00ff\u0010", "is an Arrow stream; convert it")]
    [InlineData("PK\u0003\u0004\u0014", "is a spreadsheet or a zip archive; save the table as CSV")]
    [InlineData("\u00d0\u00cf\u0011\u00e0", "is a spreadsheet; save the table as CSV.")]
    [InlineData("SQLite format 3\u0000", "is an SQLite database")]
    [InlineData("\u001f\u008b\u0008\u0000", "is compressed with gzip; unpack it.")]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n", "is a Git LFS pointer, not the file itself;")]
    [InlineData("<!DOCTYPE html>\n<html></html>\n", "the file is a web page, not the file itself; download the file again.")]
    [InlineData("\u00ff\u00fe\u0000\u0000s\u0000\u0000\u0000", "is encoded as UTF-32; save it as UTF-8.")]
    [InlineData("s\u0000e\u0000n\u0000", "is encoded as UTF-16; save it as UTF-8.")]
    [InlineData("sentence\tlabel\nfi\u0000ne\t1\n", "line 2: the sentence has a NUL character; remove it")]
    [InlineData("sentence\tlabel\tlabel\nfine\t1\t0\n", "has two columns 'label', 2 and 3; give 'labelColumn' in dataset.json as")]
    public void Read_SomethingElse_IsNamedWithWhatToDo(string train, string expected)
    {
        _folder.Write("train.tsv", Encoding.Latin1.GetBytes(train));
        _folder.Write("dev.tsv", Rows);

        Assert.Contains(expected, Message(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sentence\tlabel\rfine\t1\rawful\t0\r")]
    [InlineData("sentence\tlabel\r\nfine\t1\r\n\r\nawful\t0")]
    [InlineData("sentence\tlabel\n   \nfine\t1\n\n \nawful\t0\n\n")]
    [InlineData("\ufeffsentence\tlabel\nfine\t1\nawful\t0\n")]
    public void Read_OtherLineEndsAndBlankLines_AreTheSameRows(string train)
    {
        _folder.Write("train.tsv", train);
        _folder.Write("dev.tsv", Rows);

        IReadOnlyList<LabeledRow> rows = ClassificationReader.Read("mine", _folder.Path).Train;

        Assert.Equal([("fine", 1), ("awful", 0)], rows.Select(row => (row.Texts[0], row.Label)));
    }

    [Theory]
    [InlineData("[{\"sentence\": \"a\", \"label\": 1}]", "a.jsonl, line 1: the line is not a JSON object but begins an array; write one")]
    [InlineData("[\n {\n  \"sentence\": \"a\",\n  \"label\": 1\n }\n]\n", "line 1: the line is not a JSON object but begins an array;")]
    [InlineData("{\n  \"sentence\": \"a\",\n  \"label\": 1\n}\n", "in JSONL, each object is on one line.")]
    [InlineData("{\"sentence\": \"a\", \"label\": NaN}\n", "line 1: the line is not valid JSON ('N' is an invalid start of a value);")]
    [InlineData("{\"sentence\": \"a\", \"sentence\": \"b\", \"label\": 1}\n", "not valid JSON ('sentence' occurs twice);")]
    [InlineData("{\"sentence\": \"a\\u0000b\", \"label\": 1}\n", "line 1: the sentence has a NUL character")]
    public void Read_OtherJson_IsRefusedWithWhatToDo(string train, string expected)
    {
        _folder.Write("a.jsonl", train);
        _folder.Write("dataset.json", """{"train": "a.jsonl", "eval": "a.jsonl"}""");

        Assert.Contains(expected, Message(), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_JsonLinesWithCarriageReturnsAlone_AreRead()
    {
        _folder.Write("a.jsonl", "{\"sentence\": \"a\", \"label\": 1}\r{\"sentence\": \"b\", \"label\": 0.0}\r");
        _folder.Write("dataset.json", """{"train": "a.jsonl", "eval": "a.jsonl"}""");

        Assert.Equal([1, 0], ClassificationReader.Read("mine", _folder.Path).Dev.Select(row => row.Label));
    }

    [Theory]
    [InlineData("""{"trian": "a.csv"}""", "'trian' is not a known key; the nearest is 'train'.")]
    [InlineData("""{"train": "a.csv", "train": "b.csv"}""", "cannot be read: 'train' occurs twice.")]
    [InlineData("[1]", "cannot be read: it must be an object.")]
    [InlineData("{\n\"toy\": true,\n}", "(line 3).")]
    [InlineData("""{"labels": [1, 2]}""", "'labels[0]' must be a list of words in quotation marks.")]
    [InlineData("""{"labelValues": {}}""", "'labelValues' is empty")]
    [InlineData("""{"labelValues": {" 0": "negative"}}""", "'labelValues' has the value ' 0', but labels are read without the spaces")]
    [InlineData("""{"sentenceColumn": 2, "labelColumn": 2}""", "'sentenceColumn' and 'labelColumn' are the same")]
    [InlineData("""{"sentenceColumn": "label", "labelColumn": 2}""", "are the same column, 2, of mine/train.tsv")]
    [InlineData("""{"selection": {"minRows": 900}}""", "minRows 900, but the split has at most 872 rows")]
    [InlineData("""{"train": "a.arrow"}""", "'arrow' of 'a.arrow' is not supported; convert it to CSV, TSV or JSONL.")]
    [InlineData("""{"train": "a.tsv.gz"}""", "'gz' of 'a.tsv.gz' is not supported; unpack it.")]
    [InlineData("""{"train": "a.txt"}""", "set 'format' to csv, tsv, jsonl, json or parquet")]
    public void Read_OtherManifest_IsRefusedWithWhatToDo(string manifest, string expected)
    {
        _folder.Write("train.tsv", Rows);
        _folder.Write("dev.tsv", Rows);
        _folder.Write("dataset.json", manifest);

        Assert.Contains(expected, Message(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"sentenceColumn": 1.0, "labelColumn": 2}""")]
    [InlineData("""{"selection": {"minWords": 1.0, "minRows": 2}}""")]
    [InlineData("\ufeff{\"toy\": true}")]
    public void Read_ManifestOfOtherPrograms_IsRead(string manifest)
    {
        _folder.Write("train.tsv", Rows);
        _folder.Write("dev.tsv", Rows);
        _folder.Write("dataset.json", Encoding.UTF8.GetBytes(manifest));

        Assert.Equal([1, 0], ClassificationReader.Read("mine", _folder.Path).Train.Select(row => row.Label));
    }

    [Fact]
    public void Read_RowWithUnquotedDelimiter_SaysWhatToDo()
    {
        _folder.Write("a.csv", "sentence,label\nfine, really,1\n");
        _folder.Write("dataset.json", """{"train": "a.csv", "eval": "a.csv"}""");

        Assert.Contains("line 2: the row has 3 columns, but the header has 2; put fields that contain commas in quotation marks",
            Message(), StringComparison.Ordinal);
    }

    private string Message() => Assert.Throws<RunFailure>(() => ClassificationReader.Read("mine", _folder.Path)).Message;
}
