using System.Text;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using LoraLab.Training.Data.Presets;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tasks;
using LoraLab.Training.Tasks.Classification;
using Xunit;

namespace LoraLab.Tests.Training.Data.Presets;

/// <summary>Published classification datasets in the layouts in which they are published.</summary>
public sealed class ClassificationPresetTests : IDisposable
{
    private const string Bom = "\uFEFF";
    private readonly TemporaryFolder _folder = new();

    /// <summary>Preset, training file, evaluation file with one row, and this row's texts and label.</summary>
    public static TheoryData<string, string, string, string, string, string[], string> Tables => new()
    {
        {
            "sst2",
            "train.tsv",
            "sentence\tlabel\nhide new secretions \t0\n",
            "dev.tsv",
            "sentence\tlabel\nit 's \"charming \t1\n",
            ["it 's \"charming "],
            "positive" },
        {
            "cola", "train.tsv", "gj04\t1\t\tOur friends won't buy this.\n", "dev.tsv", "gj04\t0\t*\tThey drank the pub.\n",
            ["They drank the pub."], "unacceptable"
        },
        {
            "mrpc", "train.tsv", "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\n1\t1\t2\tHe \"left .\tHe went .\n", "dev.tsv",
            Bom + "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\r\n0\t3\t4\tA said \" so .\tB .\r\n", ["A said \" so .", "B ."],
            "not_equivalent"
        },
        {
            "mrpc", "msr_paraphrase_train.txt", Bom
                + "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\r\n1\t1\t2\t\"Yes\" , he said .\tYes .\r\n",
            "msr_paraphrase_test.txt", Bom + "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\r\n1\t3\t4\t\"No , he said .\tNo .\r\n",
            ["\"No , he said .", "No ."], "equivalent"
        },
        {
            "qqp", "train.tsv", "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n0\t1\t2\tWhy?\tHow?\t0\n", "dev.tsv",
            "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n1\t3\t4\tWhat is \"it?\tIt?\t1\n", ["What is \"it?", "It?"], "duplicate"
        },
        {
            "mnli",
            "train.tsv",
            Mnli("label1", "e"),
            "dev_matched.tsv",
            Mnli("label1\tlabel2", "a\tb"),
            ["Rain fell.", "It was wet."],
            "entailment" },
        {
            "mnli-mismatched", "train.tsv", Mnli("label1", "e"), "dev_mismatched.tsv", Mnli("label1\tlabel2", "a\tb"),
            ["Rain fell.", "It was wet."], "entailment"
        },
        {
            "qnli", "train.tsv", "index\tquestion\tsentence\tlabel\n0\tWho?\tMe.\tentailment\n", "dev.tsv",
            "index\tquestion\tsentence\tlabel\n0\tWhen?\tHere.\tnot_entailment\n", ["When?", "Here."], "not_entailment"
        },
        {
            "rte", "train.tsv", "index\tsentence1\tsentence2\tlabel\n0\tA.\tB.\tentailment\n", "dev.tsv",
            "index\tsentence1\tsentence2\tlabel\n0\tC.\tD.\tnot_entailment\n", ["C.", "D."], "not_entailment"
        },
        {
            "wnli", "train.tsv", "index\tsentence1\tsentence2\tlabel\n0\tA.\tB.\t1\n", "dev.tsv",
            "index\tsentence1\tsentence2\tlabel\n0\tC.\tD.\t1\n", ["C.", "D."], "entailment"
        },
        {
            "ag_news", "train.csv", "\"3\",\"Wall St. \"\"Bears\"\"\",\"Reuters - Short, sellers\\are back.\"\n", "test.csv",
            "\"4\",\"Chips\",\"A \"\"fast\"\" one, at last\"\n", ["Chips A \"fast\" one, at last"], "Sci/Tech"
        },
    };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Tables))]
    public void Read_PublishedTables_HaveTextsAndLabels(
        string preset, string train, string trainText, string eval, string evalText, string[] texts, string label)
    {
        _folder.Write(train, trainText);
        _folder.Write(eval, evalText);

        ClassificationDataset data = Read(preset);

        LabeledRow row = Assert.Single(data.Dev);
        Assert.Equal(texts, row.Texts);
        Assert.Equal(label, data.Labels[row.Label]);
        Assert.Single(data.Train);
        Assert.Empty(data.Warnings);
    }

    [Theory]
    [InlineData("sst2", "sst2", "validation", new[] { "sentence" })]
    [InlineData("cola", "cola", "validation", new[] { "sentence" })]
    [InlineData("mrpc", "mrpc", "validation", new[] { "sentence1", "sentence2" })]
    [InlineData("qqp", "qqp", "validation", new[] { "question1", "question2" })]
    [InlineData("mnli", "mnli", "validation_matched", new[] { "premise", "hypothesis" })]
    [InlineData("mnli-mismatched", "mnli", "validation_mismatched", new[] { "premise", "hypothesis" })]
    [InlineData("qnli", "qnli", "validation", new[] { "question", "sentence" })]
    [InlineData("rte", "rte", "validation", new[] { "sentence1", "sentence2" })]
    [InlineData("wnli", "wnli", "validation", new[] { "sentence1", "sentence2" })]
    [InlineData("ag_news", "data", "test", new[] { "text" })]
    [InlineData("trec", "data", "test", new[] { "text" }, "coarse_label")]
    public void Read_ParquetOfTheHub_InItsFolderOrNot(string preset, string below, string eval, string[] columns, string label = "label")
    {
        foreach (string prefix in new[] { "", below + "/" })
        {
            using TemporaryFolder folder = new();
            folder.Write($"{prefix}train-00000-of-00002.parquet", File("a \"quoted\"\ttab", 0, 1));
            folder.Write($"{prefix}train-00001-of-00002.parquet", File("second part", 1));
            folder.Write($"{prefix}{eval}-00000-of-00001.parquet", File("evaluated", 1));
            folder.Write("dataset.json", $$"""{"preset": "{{preset}}"}""");

            ClassificationDataset data = ClassificationReader.Read("mine", folder.Path);

            Assert.Equal(columns, data.Columns);
            Assert.Equal(columns.Select(column => $"evaluated {column} 0"), Assert.Single(data.Dev).Texts);
            Assert.Equal([0, 1, 1], data.Train.Select(row => row.Label));
            Assert.Equal($"second part {columns[0]} 0", data.Train[2].Texts[0]);
            Assert.Equal(3, data.Files.Count);
        }

        byte[] File(string text, params long[] labels) => ParquetFile.Of(
        [
            .. columns.Select(column => (column, (Array)labels.Select((_, i) => $"{text} {column} {i}").ToArray())),
            (label, labels),
            ("idx", labels),
        ]);
    }

    [Fact]
    public void Read_Trec_HasCoarseLabelsOfLatin1Text()
    {
        _folder.Write(
            "train_5500.label",
            Encoding.Latin1.GetBytes("DESC:manner How did serfdom develop ?\nABBR:exp What is : a colon ?\n"));
        _folder.Write("TREC_10.label", Encoding.Latin1.GetBytes("HUM:ind Who was René ?\nNUM:dist How far is it to Aspen ?\n"));

        ClassificationDataset data = Read("trec");

        Assert.Equal(["ABBR", "ENTY", "DESC", "HUM", "LOC", "NUM"], data.Labels);
        Assert.Equal(["How did serfdom develop ?", "What is : a colon ?"], data.Train.Select(row => row.Texts[0]));
        Assert.Equal("Who was René ?", data.Dev[0].Texts[0]);
        Assert.Equal([3, 5], data.Dev.Select(row => row.Label));
    }

    [Fact]
    public void Describe_TrecAsTheHubConvertsIt_IsFoundInItsFolders()
    {
        _folder.Write("mine/dataset.json", """{"preset": "trec"}""");
        DatasetCatalog catalog = new(
            new TrainingConfiguration { Home = _folder.Path, DataDirectory = _folder.Path, DatasetDirectories = [_folder.Path] });
        Assert.False(catalog.Describe("mine").Usable);
        byte[] file = ParquetFile.Of(("text", new[] { "Why ?" }), ("coarse_label", new long[] { 2 }), ("fine_label", new long[] { 26 }));
        _folder.Write("mine/default/train/0000.parquet", file);
        _folder.Write("mine/default/test/0000.parquet", file);

        DatasetEntry entry = catalog.Describe("mine");

        Assert.True(entry.Usable, entry.Problem);
        Assert.Equal((1, 1), (entry.TrainRows, entry.EvalLabels["DESC"]));
    }

    [Fact]
    public void Read_BrokenRows_AreCountedAndLeftOut()
    {
        const string Header = "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n";
        _folder.Write(
            "train.tsv", Header
                + "0\t1\t2\tA?\tB?\t0\n1\t1\t2\tcut off\n2\t1\t2\tC?\tD?\t1\n3\t1\t2\tE?\tF?\t1\tmore\n4\t1\t2\tG?\tH?\t-\n");
        _folder.Write("dev.tsv", Header + "0\t1\t2\tI?\tJ?\t0\n");

        ClassificationDataset data = Read("qqp");

        Assert.Equal(["A?", "C?"], data.Train.Select(row => row.Texts[0]));
        Assert.Equal([0, 1], data.Train.Select(row => row.Row));
        Assert.Equal([2, 4], data.Sources[0].Lines);
        string warning = Assert.Single(data.Warnings);
        Assert.StartsWith("3 broken rows of mine/train.tsv are left out: line 3: ", warning, StringComparison.Ordinal);
        Assert.Contains("line 5: the row has 7 columns", warning, StringComparison.Ordinal);
        Assert.Contains("line 6: the label '-' is unknown", warning, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_Mrpc_HasTheF1OfThePositiveLabel()
    {
        const string Header = "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\n";
        using TestTrainer trainer = new();
        trainer.WriteDataset(
            "mrpc",
            ("dataset.json", """{"preset": "mrpc"}"""),
            ("train.tsv", Header + "1\t1\t2\tthe plot was dull .\tthe plot was bland .\n0\t1\t2\tit was new .\tthey saw it .\n"),
            ("dev.tsv", Header + "1\t1\t2\tthe cast was odd .\tthe cast was odd .\n1\t1\t2\ta\tb\n0\t1\t2\tit is .\tit was .\n"));
        JsonObject spec = MicroSpec.For("lora");
        (spec["dataset"], spec["evalSamples"]) = ("mrpc", null);

        Evaluated last = trainer.Run(spec).Events.OfType<Evaluated>().Last();

        // Three rows, two of which are equivalent: the F1 of that label follows from the rows predicted so.
        double[] possible = [0, 2.0 / 3, 1, 0.5, 0.8];
        Assert.Contains(Math.Round(last.Metrics[MetricKeys.EvalF1], 6), possible.Select(value => Math.Round(value, 6)));
        Assert.Equal(MetricKeys.EvalF1, DatasetPresets.Find("mrpc")!.Metric);
    }

    [Fact]
    public void Docs_ListEveryPreset()
    {
        string page = File.ReadAllText(Path.Combine(Fixtures.RepositoryRoot, "docs", "datasets.md"));
        Assert.All(DatasetPresets.All, preset =>
        {
            Assert.Contains($"`{preset.Name}`", page, StringComparison.Ordinal);
            Assert.Contains($"`{preset.Repository}`", page, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void Read_OnlyBrokenRows_IsRefused()
    {
        _folder.Write("train.tsv", "index\tsentence1\tsentence2\tlabel\n0\tA.\tB.\tmaybe\n");
        _folder.Write("dev.tsv", "index\tsentence1\tsentence2\tlabel\n0\tA.\tB.\tentailment\n");

        Assert.Contains("mine/train.tsv, line 2: the label 'maybe' is unknown", Refusal("rte"), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_NoFiles_NamesThoseOfEveryLayout() => Assert.Equal(
        "Dataset 'mine' has none of the files of the preset 'mnli': train.tsv with dev_matched.tsv, or train-*.parquet with "
            + $"validation_matched-*.parquet; add them to {_folder.Path}.",
        Refusal("mnli"));

    [Fact]
    public void Read_NoEvaluationFile_NamesIt()
    {
        _folder.Write("train.tsv", Mnli("label1", "e"));

        Assert.Contains("has no file dev_matched.tsv; add it to", Refusal("mnli"), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_FilesOfTwoLayouts_AreAmbiguous()
    {
        _folder.Write("train.tsv", "sentence\tlabel\na\t0\n");
        _folder.Write("sst2/train-00000-of-00001.parquet", ParquetFile.Of(("sentence", new[] { "a" }), ("label", new long[] { 0 })));

        Assert.Contains("twice, train.tsv and sst2/train-*.parquet; keep one of them", Refusal("sst2"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"preset": "mnil"}""", "the preset 'mnil' is not known; did you mean 'mnli'?")]
    [InlineData("""{"preset": "rte", "labels": ["a", "b"]}""", "has 'preset', which describes files, columns and labels, and 'labels'")]
    public void Read_OtherManifest_IsRefused(string manifest, string expected)
    {
        _folder.Write("dataset.json", manifest);

        Assert.Contains(
            expected, Assert.Throws<RunFailure>(() => ClassificationReader.Read("mine", _folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Describe_FileAddedInAFolderBelow_IsNoticed()
    {
        _folder.Write("mine/dataset.json", """{"preset": "cola"}""");
        DatasetCatalog catalog = new(
            new TrainingConfiguration { Home = _folder.Path, DataDirectory = _folder.Path, DatasetDirectories = [_folder.Path] });
        Assert.False(catalog.Describe("mine").Usable);
        byte[] file = ParquetFile.Of(("sentence", new[] { "a" }), ("label", new long[] { 0 }));
        _folder.Write("mine/cola/train-00000-of-00001.parquet", file);
        _folder.Write("mine/cola/validation-00000-of-00001.parquet", file);

        DatasetEntry entry = catalog.Describe("mine");

        Assert.True(entry.Usable, entry.Problem);
        Assert.Equal((1, 1), (entry.TrainRows, entry.EvalRows));
        Assert.Equal(["dataset.json", "train-00000-of-00001.parquet", "validation-00000-of-00001.parquet"],
            catalog.FileSnapshots("mine").Select(snapshot => Path.GetFileName(snapshot.Name)));
    }

    private static string Mnli(string more, string values) =>
        "index\tpromptID\tpairID\tgenre\tsentence1_binary_parse\tsentence2_binary_parse\tsentence1_parse\tsentence2_parse\tsentence1\t"
            + $"sentence2\t{more}\tgold_label\n"
            + $"0\t1\t1e\tfiction\t( Rain )\t( It )\t(ROOT)\t(ROOT)\tRain fell.\tIt was wet.\t{values}\tentailment\n";

    private ClassificationDataset Read(string preset)
    {
        _folder.Write("dataset.json", $$"""{"preset": "{{preset}}"}""");
        return ClassificationReader.Read("mine", _folder.Path);
    }

    private string Refusal(string preset) => Assert.Throws<RunFailure>(() => Read(preset)).Message;
}
