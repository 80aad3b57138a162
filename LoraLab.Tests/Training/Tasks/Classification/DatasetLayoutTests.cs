using LoraLab.Tests.Support;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tasks.Classification;
using Xunit;

namespace LoraLab.Tests.Training.Tasks.Classification;

/// <summary>Layouts that dataset.json describes: header, delimiter, quoting, columns by number.</summary>
public sealed class DatasetLayoutTests : IDisposable
{
    private const string Cola = "gj04\t1\t\tOur friends won't buy this analysis.\ngj04\t0\t*\tThey drank the \"pub.\n";
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("4", "2")]
    [InlineData("\"4\"", "\"2\"")]
    public void Read_CoLA_IsReadByColumnNumbers(string sentence, string label)
    {
        _folder.Write("train.tsv", Cola);
        _folder.Write("dev.tsv", Cola);
        _folder.Write("dataset.json", $"{{\"header\": false, \"sentenceColumn\": {sentence}, \"labelColumn\": {label}, "
            + "\"labels\": [\"unacceptable\", \"acceptable\"]}");

        ClassificationDataset data = ClassificationReader.Read("mine", _folder.Path);

        Assert.Equal(
            [new LabeledRow(0, "Our friends won't buy this analysis.", 1), new LabeledRow(1, "They drank the \"pub.", 0)],
            data.Train);
        Assert.Empty(data.Warnings);
    }

    [Theory]
    [InlineData("a.csv", ",\"delimiter\": \";\"", "sentence;label\nein guter Film;1\n\"schlecht; sehr\";0\n", "schlecht; sehr")]
    [InlineData("a.csv", ",\"delimiter\": \"\\t\"", "sentence\tlabel\ngut, gut\t1\n\"so \"\"la la\"\"\"\t0\n", "so \"la la\"")]
    [InlineData("a.csv", ",\"delimiter\": \"|\", \"quoting\": false", "sentence|label\ngut|1\n5\" breit|0\n", "5\" breit")]
    [InlineData("a.tsv", ",\"quoting\": true", "\"sentence\"\t\"label\"\n\"gut\"\t\"1\"\n\"zwei\nZeilen\"\t\"0\"\n", "zwei\nZeilen")]
    [InlineData("a.tsv", ",\"sentenceColumn\": 2, \"labelColumn\": 3", "id\ttext\tmood\n7\tgut\t1\n8\tschlecht\t0\n", "schlecht")]
    [InlineData("a.csv", ",\"header\": false, \"sentenceColumn\": 1, \"labelColumn\": 2", "gut,1\nschlecht,0\n", "schlecht")]
    [InlineData("a.txt", ",\"format\": \"csv\", \"delimiter\": \" \", \"sentenceColumn\": 2, \"labelColumn\": 1, \"header\": false",
        "1 gut\n0 \"sehr schlecht\"\n", "sehr schlecht")]
    public void Read_DescribedLayout_IsRead(string file, string layout, string text, string second)
    {
        _folder.Write(file, text);
        _folder.Write("dataset.json", $"{{\"train\": \"{file}\", \"eval\": \"{file}\"{layout}}}");

        ClassificationDataset data = ClassificationReader.Read("mine", _folder.Path);

        Assert.Equal([1, 0], data.Train.Select(row => row.Label));
        Assert.Equal(second, data.Train[1].Texts[0]);
        Assert.Empty(data.Warnings);
    }

    [Theory]
    [InlineData("a.csv", "", "sentence;label\ngut;1\n", "set \"delimiter\": \";\" in dataset.json")]
    [InlineData("a.csv", "", "sentence\tlabel\ngut\t1\n", "set \"delimiter\": \"\\t\" in dataset.json")]
    [InlineData("a.tsv", "", "sentence,label\ngut,1\n", "set \"delimiter\": \",\" in dataset.json")]
    [InlineData("a.tsv", "", "\"sentence\"\t\"label\"\n\"gut\"\t\"1\"\n", "set \"quoting\": true in dataset.json")]
    [InlineData("a.tsv", "", Cola, "set \"header\": false")]
    [InlineData("a.tsv", ",\"sentenceColumn\": 7", "sentence\tlabel\ngut\t1\n", "has 2 columns, but 'sentenceColumn' in dataset.json is 7")]
    [InlineData("a.tsv", "", "sentence\tlabel\n\"gut\tso\"\t1\n", "set \"quoting\": true in dataset.json")]
    [InlineData("a.csv", "", "sentence,label\n5\" wide,1\n", "set \"quoting\": false in dataset.json")]
    [InlineData("a.tsv", ",\"header\": false", "gut\t1\n", "'sentenceColumn' must be the number of a column")]
    [InlineData("a.tsv", ",\"labelColumn\": 0", "gut\t1\n", "columns are counted from 1")]
    [InlineData("a.tsv", ",\"labelColumn\": 1.5", "gut\t1\n", "a column must be a name or a number")]
    [InlineData("a.csv", ",\"delimiter\": \"::\"", "gut\t1\n", "'delimiter' must be a single character")]
    [InlineData("a.csv", ",\"delimiter\": \"\\\"\"", "gut\t1\n", "'delimiter' must be a single character")]
    [InlineData("a.csv", ",\"quoting\": \"yes\"", "gut\t1\n", "'quoting' must be true")]
    [InlineData("a.csv", ",\"header\": 0", "gut\t1\n", "'header' must be true or false")]
    [InlineData("a.jsonl", ",\"header\": false", "{}\n", "do not apply")]
    [InlineData("a.csv", ",\"selection\": 5", "gut\t1\n", "'selection' must be")]
    [InlineData("a.csv", ",\"selection\": {\"minWords\": 0}", "gut\t1\n", "'selection' must be")]
    [InlineData("a.csv", ",\"selection\": {\"file\": \"b.csv\", \"minWords\": 2}", "gut\t1\n", "either 'file' or 'minWords'")]
    [InlineData("a.csv", ",\"selection\": \"../b.csv\"", "gut\t1\n", "'selection' must name a file in the dataset's own folder")]
    [InlineData("a.csv", ",\"selection\": \"b.csv\"", "sentence,label\ngut,1\n", "has no file b.csv")]
    public void Read_OtherLayout_IsRefusedWithWhatToDo(string file, string layout, string text, string cure)
    {
        _folder.Write(file, text);
        _folder.Write("dataset.json", $"{{\"train\": \"{file}\", \"eval\": \"{file}\"{layout}}}");

        Assert.Contains(cure, Message(), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_ManyProblems_AreCountedAndTheFirstTenListedByLine()
    {
        _folder.Write("train.tsv", "sentence\tlabel\n" + string.Concat(Enumerable.Range(0, 30).Select(i => (i % 3) switch
        {
            0 => $"good {i}\t1\n",
            1 => $"bad {i}\t7\n",
            _ => $" \t{i}\tmore\n",
        })));
        _folder.Write("dev.tsv", "sentence\tlabel\nfine\t1\n\t1\n");

        string message = Message();

        Assert.StartsWith(
            "mine/train.tsv has 20 problems: line 3: the label '7' is unknown; line 4: the row has 3 columns",
            message,
            StringComparison.Ordinal);
        Assert.Contains("line 16: the row has 3 columns", message, StringComparison.Ordinal);
        Assert.Contains("; and 10 more;", message, StringComparison.Ordinal);
        Assert.EndsWith("mine/dev.tsv, line 3: the sentence is empty.", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_ManyLinesThatAreNotUtf8_AreCounted()
    {
        _folder.Write("train.tsv", [.. "sentence\tlabel\n"u8, .. "caf\u00e9\t1\nfine\t1\ncaf\u00e9\t0\n".Select(letter => (byte)letter)]);
        _folder.Write("dev.tsv", "sentence\tlabel\nfine\t1\n");

        Assert.Contains("train.tsv has 2 problems: line 2: the text is not valid UTF-8; line 4:", Message(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("utf-16")]
    [InlineData("utf-16BE")]
    public void Read_Utf16_IsNamed(string encoding)
    {
        System.Text.Encoding utf16 = System.Text.Encoding.GetEncoding(encoding);
        _folder.Write("train.tsv", [.. utf16.Preamble, .. utf16.GetBytes("sentence\tlabel\nfine\t1\n")]);
        _folder.Write("dev.tsv", utf16.GetBytes("sentence\tlabel\nfine\t1\n"));

        Assert.Contains("train.tsv is encoded as UTF-16; save it as UTF-8", Message(), StringComparison.Ordinal);
        _folder.Write("train.tsv", "sentence\tlabel\nfine\t1\n");
        Assert.Contains("dev.tsv is encoded as UTF-16; save it as UTF-8", Message(), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_TsvWrittenWithQuoting_WarnsUntilTheManifestSaysWhatItIs()
    {
        string text = "sentence\tlabel\n\"he said \"\"good\"\" 1\"\t1\nplain\t0\n\"he said \"\"bad\"\" 2\"\t0\n";
        _folder.Write("train.tsv", text);
        _folder.Write("dev.tsv", "sentence\tlabel\nfine\t1\n");

        ClassificationDataset asText = ClassificationReader.Read("mine", _folder.Path);
        _folder.Write("dataset.json", """{"quoting": true}""");
        ClassificationDataset quoted = ClassificationReader.Read("mine", _folder.Path);
        _folder.Write("dataset.json", """{"quoting": false}""");
        ClassificationDataset marked = ClassificationReader.Read("mine", _folder.Path);

        string warning = Assert.Single(asText.Warnings);
        Assert.Contains("train.tsv: 2 of 3 sentences are in quotation marks, the first in line 2", warning, StringComparison.Ordinal);
        Assert.Equal([warning], asText.Entry.Warnings);
        Assert.Equal("he said \"good\" 1", quoted.Train[0].Texts[0]);
        Assert.Equal("\"he said \"\"good\"\" 1\"", marked.Train[0].Texts[0]);
        Assert.Empty(quoted.Warnings);
        Assert.Empty(marked.Warnings);
    }

    [Fact]
    public void Read_UnbalancedQuotes_AreTextWithoutAWarning()
    {
        _folder.Write("train.tsv", "sentence\tlabel\n\"so good\t1\nbad \"really\"\t0\nthe \"best\" of it\t1\n\"a\" and \"b\"\t1\n");
        _folder.Write("dev.tsv", "sentence\tlabel\nfine \" it is\t1\n");

        ClassificationDataset data = ClassificationReader.Read("mine", _folder.Path);

        Assert.Empty(data.Warnings);
        Assert.Equal("\"so good", data.Train[0].Texts[0]);
    }

    private string Message() => Assert.Throws<RunFailure>(() => ClassificationReader.Read("mine", _folder.Path)).Message;
}
