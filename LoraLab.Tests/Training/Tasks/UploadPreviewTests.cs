using System.Text;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Catalog;
using LoraLab.Tests.Support;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models.Catalog;
using LoraLab.Training.Tasks;
using LoraLab.Training.Tasks.Uploads;
using Xunit;

namespace LoraLab.Tests.Training.Tasks;

/// <summary>What the trainer makes of uploaded files, and what it says about those that are no table.</summary>
public sealed class UploadPreviewTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, byte[], string> BadFiles => new()
    {
        { "train.csv", Encoding.Unicode.GetPreamble().Concat(Encoding.Unicode.GetBytes("text,label\na,b\n")).ToArray(), "UTF-16" },
        { "train.csv", Encoding.Unicode.GetBytes("text,label\na,b\n"), "UTF-16" },
        { "train.csv", Encoding.Latin1.GetBytes("text,label\ncafé,good\ntea,bad\n"), "line 2: the text is not valid UTF-8" },
        { "train.csv", "text,label\na\0b,good\n"u8.ToArray(), "line 2 has a NUL" },
        { "train.csv", "just some prose\nwithout any columns\n"u8.ToArray(), "line 1 has one column" },
        { "train.csv", "text\nhello\nworld\n"u8.ToArray(), "line 1 has one column" },
        { "train.csv", "text,label\na,good\n\"b,bad\nc,good\n"u8.ToArray(), "line 3: a quotation mark" },
        { "train.csv", "text,label\na,x\nb,y,z\nc,x\n"u8.ToArray(), "line 3 has 3 columns, but line 1 has 2; give every row the same" },
        { "train.csv", "text;label\nb\nc\n"u8.ToArray(), "line 2 has 1 column, but line 1 has 2; give every row the same" },
        { "train.csv", [], "is empty" },
        { "train.csv", "\n\n\n"u8.ToArray(), "has no rows" },
        { "train.csv", Encoding.UTF8.GetBytes("text,label\n" + new string('x', 1_100_000) + ",good\n"), "line 2 has more than 1 MiB" },
        { "train.csv", [0x50, 0x4B, 3, 4, 0, 0, 0, 0, 8, 0], "is a spreadsheet or a zip archive" },
        { "train.csv", [.. "%PDF-1.7\n"u8], "is a PDF document" },
        { "train.csv", [.. "PAR1"u8, 1, 2, 3], "Parquet" },
        { "train.jsonl", "{\"text\": \"a\", \"label\": \"b\"}\n{broken\n"u8.ToArray(), "line 2 is not a JSON object" },
        { "train.jsonl", "[1, 2]\n"u8.ToArray(), "line 1 is not a JSON object" },
        { "train.jsonl", "<html><body>no table</body></html>\n"u8.ToArray(), "line 1 is not a JSON object" },
    };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(BadFiles))]
    public void Read_FileThatIsNoTable_IsRefusedInOneSentence(string file, byte[] bytes, string expected)
    {
        RunFailure failure = Assert.Throws<RunFailure>(() => Read(file, bytes));

        Assert.Equal("file", failure.Field);
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
        Assert.StartsWith($"mine/{file}", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("text,label\na,good\nb,bad\nc,good\n,bad\nd,bad\n", "line 5: the sentence is empty")]
    [InlineData("text,label\na,good\nb,\nc,good\nd,bad\n", "line 3: the row has no label")]
    [InlineData("text,label\na,good,more\nb,bad\nc,good\nd,bad\ne,good\nf,bad\n", "line 2: the row has 3 columns")]
    [InlineData("text,label\na,good\nb,good\n", "1 different value")]
    public void Read_BadRows_NamesTheirLines(string csv, string expected)
    {
        DatasetPreview preview = Read(
            "train.csv", Encoding.UTF8.GetBytes(csv), new() { ["columns"] = new JsonArray("text"), ["labelColumn"] = "label" });

        Assert.Contains(expected, preview.Problem, StringComparison.Ordinal);
        Assert.Null(preview.Entry);
    }

    [Theory]
    [InlineData("text,label\na,x\nb,y\nc,x\n", null)]
    [InlineData("text,label\na,x\nb,x\nc,x\n", "The label column 'label' of train.csv has 1 different value")]
    [InlineData("text,topic\na,x\nb,y\nc,z\n", null)]
    [InlineData("text,id\na,x\nb,y\nc,z\n", "looks like a label, which has 2 to 200 different values, each in several rows")]
    public void Read_ColumnWithTheNameOfALabel_IsMeantAsIt(string csv, string? expected)
    {
        DatasetPreview preview = Read("train.csv", Encoding.UTF8.GetBytes(csv));

        if (expected is not null)
        {
            Assert.Contains(expected, preview.Problem, StringComparison.Ordinal);
        }

        string? label = (string?)preview.Manifest["labelColumn"];
        Assert.Equal(csv.Contains("id", StringComparison.Ordinal) ? null : csv.Split('\n')[0].Split(',')[1], label);
    }

    /// <summary>Data frames are written with a column of row numbers that has no name.</summary>
    [Theory]
    [InlineData(",text,label\n", "{0},row {0},{1}\n")]
    [InlineData(",words,kind\n", "{0},row {0},{1}\n")]
    [InlineData(",label\n", "row {0},{1}\n")]
    [InlineData("text,,label\n", "row {0},,{1}\n")]
    public void Read_HeaderWithAColumnWithoutName_IsAHeader(string header, string row)
    {
        string csv = header + string.Concat(Enumerable.Range(0, 40).Select(i =>
            string.Format(System.Globalization.CultureInfo.InvariantCulture, row, i, i % 2 == 0 ? "good" : "bad")));

        DatasetPreview preview = Read("train.csv", Encoding.UTF8.GetBytes(csv));

        Assert.Null(preview.Problem);
        Assert.Equal(["bad", "good"], preview.Entry!.Labels);
        Assert.Equal((true, 40), (preview.Files[0].Header, preview.Files[0].Rows));
        Assert.Equal(40, preview.Split!.TrainRows + preview.Split.EvalRows);
        Assert.All(preview.Rows, shown => Assert.StartsWith("row ", Assert.Single(shown.Columns).Value, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(",good\n", "text {0},{1}\n")]
    [InlineData("hello,\n", "text {0},{1}\n")]
    public void Read_FirstRowWithAnEmptyField_IsNoHeader(string first, string row)
    {
        string csv = first + string.Concat(Enumerable.Range(0, 40).Select(i =>
            string.Format(System.Globalization.CultureInfo.InvariantCulture, row, i, i % 2 == 0 ? "good" : "bad")));

        Assert.False(Read("train.csv", Encoding.UTF8.GetBytes(csv)).Files[0].Header);
    }

    [Theory]
    [InlineData("a,label\n", ",")]
    [InlineData("a;label\n", ";")]
    [InlineData("a|label\n", "|")]
    [InlineData("a\tlabel\r\n", "\t")]
    public void Read_AnyDelimiterAndLineEnd_IsFoundAndSplitTheSameWay(string header, string delimiter)
    {
        string end = header.EndsWith("\r\n", StringComparison.Ordinal) ? "\r\n" : "\n";
        string csv = "\uFEFF" + header + string.Concat(Enumerable.Range(0, 40).Select(i =>
            $"text, number; {i % 20}{delimiter}{(i % 2 == 0 ? "x" : "y")}{end}".Replace(
                ", number; ", delimiter == "\t" ? ", " : " ", StringComparison.Ordinal)));

        DatasetPreview first = Read("train.csv", Encoding.UTF8.GetBytes(csv)), again = Read("train.csv", Encoding.UTF8.GetBytes(csv));

        Assert.Equal((null, delimiter), (first.Problem, first.Files[0].Delimiter));
        Assert.Equal(40, first.Split!.TrainRows + first.Split.EvalRows);
        // Each text occurs twice, and both are on the same side.
        Assert.Equal(0, first.Split.EvalRows % 2);
        Assert.Equal(first.Split, again.Split);
    }

    [Fact]
    public void Read_TooLongForTheModel_CountsTheRows()
    {
        string csv = "text,label\n" + string.Concat(Enumerable.Range(0, 30).Select(i => $"row {i},{(i % 2 == 0 ? "x" : "y")}\n"))
            + string.Join(' ', Enumerable.Repeat("word", 20_000)) + ",x\n";

        DatasetPreview preview = Read("train.csv", Encoding.UTF8.GetBytes(csv), model: "sample");

        Assert.Contains(preview.Warnings, warning => warning.Contains("token", StringComparison.Ordinal));
        Assert.DoesNotContain(
            Read("train.csv", Encoding.UTF8.GetBytes(csv)).Warnings, warning => warning.Contains("token", StringComparison.Ordinal));
    }

    private DatasetPreview Read(string file, byte[] bytes, JsonObject? manifest = null, string? model = null)
    {
        string source = Path.Combine(_folder.Path, "source");
        Directory.CreateDirectory(source);
        File.WriteAllBytes(Path.Combine(source, file), bytes);
        TrainingConfiguration configuration = new() { Home = Fixtures.RepositoryRoot, DataDirectory = _folder.Path };
        return new UploadPreview(
            new()
            {
                Name = "mine",
                Folder = source,
                Train = file,
                Manifest = manifest,
                Seed = 3,
                Model = model,
                Output = Path.Combine(_folder.Path, Path.GetRandomFileName()),
            },
            new ModelCatalog(configuration),
            new DatasetCatalog(configuration)).Read();
    }
}
