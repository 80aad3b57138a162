using LoraLab.Contracts.Catalog;
using LoraLab.Tests.Support;
using LoraLab.Training.Tasks;
using LoraLab.Training.Tasks.Classification;
using Parquet;
using Parquet.Schema;
using Xunit;

namespace LoraLab.Tests.Training.Hub;

/// <summary>Published datasets are downloaded from their repositories.</summary>
public sealed class PullPresetTests : PullTest
{
    [Fact]
    public async Task Run_Sst2_WritesGlueFiles()
    {
        await using FakeHub hub = await FakeHub.StartAsync("datasets", "nyu-mll/glue");
        hub.Files["cola/train-00000-of-00001.parquet"] = new byte[2000];
        hub.Files["sst2/train-00000-of-00002.parquet"] = await ParquetAsync(nullable: true, ("good \"fun\" ", 1), ("naïve ", 0));
        hub.Files["sst2/train-00001-of-00002.parquet"] = await ParquetAsync(nullable: true, ("more ", 1));
        hub.Files["sst2/validation-00000-of-00001.parquet"] = await ParquetAsync(nullable: false, ("fine ", 1));

        Assert.Equal(0, await PullAsync(hub, "sst2"));

        string folder = new DatasetCatalog(Configuration).Find("sst2");
        Assert.Equal(
            "sentence\tlabel\ngood \"fun\" \t1\nnaïve \t0\nmore \t1\n", await File.ReadAllTextAsync(Path.Combine(folder, "train.tsv")));
        Assert.Equal([new LabeledRow(0, "fine ", 1)], ClassificationReader.Read("sst2", folder).Dev);
        Assert.Equal(["dev.tsv", "train.tsv"], Names(folder));
        Assert.Equal(FakeHub.Commit, Assert.Single(new DatasetCatalog(Configuration).List()).Commit);
        Assert.Contains("3 training rows, 1 evaluation row", Output.ToString());

        int before = hub.Requests.Count;
        Assert.Equal(0, await PullAsync(hub, "sst2"));
        Assert.Equal(before, hub.Requests.Count);
    }

    [Theory]
    [InlineData("mnli", "nyu-mll/glue", "mnli/train-00000-of-00001.parquet", "mnli/validation_matched-00000-of-00001.parquet", 1)]
    [InlineData("mnli-mismatched", "nyu-mll/glue", "mnli/train-00000-of-00001.parquet", "mnli/validation_mismatched-0.parquet", 1)]
    [InlineData("ag_news", "fancyzhx/ag_news", "data/train-00000-of-00001.parquet", "data/test-00000-of-00001.parquet", 1)]
    public async Task Run_Preset_WritesItsFilesAndTheManifest(string name, string repository, string train, string eval, int evalRows)
    {
        await using FakeHub hub = await FakeHub.StartAsync("datasets", repository);
        byte[] file = ParquetFile.Of(
            ("premise", new[] { "a" }), ("hypothesis", new[] { "b" }), ("text", new[] { "c" }), ("label", new long[] { 2 }));
        hub.Files["README.md"] = "about"u8.ToArray();
        hub.Files["other/" + Path.GetFileName(train)] = new byte[2000];
        (hub.Files[train], hub.Files[eval]) = (file, file);

        Assert.Equal(0, await PullAsync(hub, name));

        DatasetCatalog catalog = new(Configuration);
        Assert.Equal(
            new[] { "dataset.json", Path.GetFileName(eval), Path.GetFileName(train) }.Order(StringComparer.Ordinal),
            Names(catalog.Find(name)));
        DatasetEntry entry = catalog.Describe(name);
        Assert.Equal((true, 1, evalRows, FakeHub.Commit), (entry.Usable, entry.TrainRows, entry.EvalRows, entry.Commit));
        Assert.Contains("1 training row, 1 evaluation row", Output.ToString());
        int requests = hub.Requests.Count;
        Assert.Equal(0, await PullAsync(hub, name));
        Assert.Equal(requests, hub.Requests.Count);
    }

    [Fact]
    public async Task Run_PresetThatTheRepositoryLacks_NamesTheFilesAndWhatToDo()
    {
        await using FakeHub hub = await FakeHub.StartAsync("datasets", "nyu-mll/glue");
        hub.Files["rte/train-00000-of-00001.parquet"] = new byte[10];

        Assert.Equal(1, await PullAsync(hub, "rte"));

        Assert.Equal(
            "The repository 'nyu-mll/glue' does not have train.tsv with dev.tsv, or rte/train-*.parquet with rte/validation-*.parquet; "
                + "download train.tsv and dev.tsv from GLUE (arXiv 1804.07461), gluebenchmark.com into "
                + $"{Path.Combine(Data.Path, "datasets", "rte")}, and write {{\"preset\": \"rte\"}} into dataset.json there.",
            OneLine());
    }

    [Fact]
    public async Task Run_Trec_TakesTheBranchWithTheRowsAsParquet()
    {
        await using FakeHub hub = await TrecAsync();

        Assert.Equal(0, await PullAsync(hub, "trec"));

        Assert.Equal("/api/datasets/CogComp/trec/revision/refs%2Fconvert%2Fparquet", hub.Requests[0].Path);
        DatasetCatalog catalog = new(Configuration);
        string folder = catalog.Find("trec");
        Assert.Equal(["dataset.json", "test/0000.parquet", "train/0000.parquet"], Names(folder));
        DatasetEntry entry = catalog.Describe("trec");
        Assert.Equal((true, 3, 1, FakeHub.Commit), (entry.Usable, entry.TrainRows, entry.EvalRows, entry.Commit));
        ClassificationDataset data = ClassificationReader.Read("trec", folder);
        Assert.Equal([("What is a quark ?", "DESC"), ("Who was Galileo ?", "HUM"), ("How far is the Moon ?", "NUM")],
            data.Train.Select(row => (row.Texts[0], data.Labels[row.Label])));
        int requests = hub.Requests.Count;
        Assert.Equal(0, await PullAsync(hub, "trec"));
        Assert.Equal(requests, hub.Requests.Count);
    }

    [Theory]
    [InlineData("trec", "The dataset 'CogComp/trec' has no revision 'refs/convert/parquet'")]
    [InlineData("trec@v1", "The repository 'CogComp/trec' does not have train_5500.label with TREC_10.label, or data/train-*.parquet")]
    public async Task Run_TrecWithoutItsRows_SaysWhichFilesBelongWhere(string name, string expected)
    {
        await using FakeHub hub = await TrecAsync();
        hub.Branch = "main";
        hub.Older["trec.py"] = "import datasets"u8.ToArray();

        Assert.Equal(1, await PullAsync(hub, name));

        string folder = Path.Combine(Data.Path, "datasets", "trec");
        Assert.StartsWith(expected, OneLine(), StringComparison.Ordinal);
        Assert.EndsWith(
            "; download train_5500.label and TREC_10.label from Li and Roth, COLING 2002, cogcomp.seas.upenn.edu/Data/QA/QC into "
                + $"{folder}, and write {{\"preset\": \"trec\"}} into dataset.json there.",
            OneLine(),
            StringComparison.Ordinal);

        Data.Write("datasets/trec/train_5500.label", "DESC:def What is a quark ?\nHUM:ind Who was Galileo ?\n");
        Data.Write("datasets/trec/TREC_10.label", "HUM:ind Who was Tesla ?\n");
        Data.Write("datasets/trec/dataset.json", """{"preset": "trec"}""");
        DatasetEntry entry = new DatasetCatalog(Configuration).Describe("trec");
        Assert.Equal((true, 2, 1), (entry.Usable, entry.TrainRows, entry.EvalRows));
    }

    [Fact]
    public async Task Run_Sst2ThatIsNotParquet_IsReported()
    {
        await using FakeHub hub = await FakeHub.StartAsync("datasets", "nyu-mll/glue");
        hub.Files["sst2/train-00000-of-00001.parquet"] = "not parquet"u8.ToArray();
        hub.Files["sst2/validation-00000-of-00001.parquet"] = "not parquet"u8.ToArray();

        Assert.Equal(1, await PullAsync(hub, "sst2"));
        Assert.Contains("Parquet", Output.ToString());
    }

    private static async Task<FakeHub> TrecAsync()
    {
        FakeHub hub = await FakeHub.StartAsync("datasets", "CogComp/trec");
        hub.Branch = "refs/convert/parquet";
        hub.Files["default/train/0000.parquet"] = ParquetFile.Of(
            ("text", new[] { "What is a quark ?", "Who was Galileo ?", "How far is the Moon ?" }), ("coarse_label", new long[] { 2, 3, 5 }),
            ("fine_label", new long[] { 24, 29, 42 }));
        hub.Files["default/test/0000.parquet"] = ParquetFile.Of(
            ("text", new[] { "Who was Tesla ?" }), ("coarse_label", new long[] { 3 }), ("fine_label", new long[] { 29 }));
        return hub;
    }

    private static async Task<byte[]> ParquetAsync(bool nullable, params (string Sentence, long Label)[] rows)
    {
        DataField sentence = new DataField<string>("sentence");
        DataField label = nullable ? new DataField<long?>("label") : new DataField<long>("label");
        using MemoryStream stream = new();
        await using (ParquetWriter writer = await ParquetWriter.CreateAsync(new ParquetSchema(label, sentence), stream))
        {
            using ParquetRowGroupWriter group = writer.CreateRowGroup();
            if (nullable)
            {
                await group.WriteAsync<long>(label, rows.Select(row => (long?)row.Label).ToArray());
            }
            else
            {
                await group.WriteAsync<long>(label, rows.Select(row => row.Label).ToArray());
            }

            await group.WriteAsync(sentence, rows.Select(row => row.Sentence).ToArray());
        }

        return stream.ToArray();
    }
}
