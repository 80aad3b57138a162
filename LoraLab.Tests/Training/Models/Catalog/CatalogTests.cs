using LoraLab.Contracts.Catalog;
using LoraLab.Tests.Support;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models.Catalog;
using LoraLab.Training.Tasks;
using Xunit;

namespace LoraLab.Tests.Training.Models.Catalog;

public sealed class CatalogTests : IDisposable
{
    private static readonly byte[] _weights = HandmadeModel.Safetensors(HandmadeModel.Weights());

    private readonly TemporaryFolder _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public void List_ModelsOfTheFixtures_AreDescribedFromTheirConfiguration()
    {
        TrainingConfiguration configuration = Configuration() with { ModelDirectories = [Fixtures.Data("models")] };

        IReadOnlyList<ModelEntry> models = new ModelCatalog(configuration).List();

        ModelEntry paper = models.Single(model => model.Name.StartsWith("TinyLlama", StringComparison.Ordinal));
        ModelEntry stories = models.Single(model => model.Name == "stories260K");
        Assert.Equal((1100048384L, false), (paper.Parameters, paper.Usable));
        Assert.Contains("no weights", paper.Problem);
        Assert.Equal(
            (260032L, 5, 64, 512, 512),
            (stories.Parameters, stories.Layers, stories.HiddenSize, stories.VocabularySize, stories.ContextLength));
        Assert.True(stories.Usable, stories.Problem);
        Assert.Equal(new FileInfo(Path.Combine(Fixtures.Stories260K, "model.safetensors")).Length, stories.WeightBytes);
        Assert.Contains("q_proj", stories.LinearModules);
    }

    [Fact]
    public void Find_Model_SearchesConfiguredThenDownloadedThenBundled()
    {
        string first = Model("first/twice");
        Model("data/models/twice");
        string owned = Model("data/models/owner/name");
        string bundled = Model("samples/model");
        ModelCatalog catalog = new(Configuration("first"));

        Assert.Equal(first, catalog.Find("twice").Folder);
        Assert.Equal(owned, catalog.Find("owner/name").Folder);
        Assert.Equal(bundled, catalog.Find("sample").Folder);
        Assert.Equal(["sample", "owner/name", "twice"], catalog.List().Select(model => model.Name));
        Assert.Equal([true, false, false], catalog.List().Select(model => model.Toy));
    }

    [Fact]
    public void Find_UnknownModel_SuggestsTheNearestAndListsAvailable()
    {
        Model("data/models/owner/TinyLlama");
        Model("data/models/other");

        RunFailure failure = Assert.Throws<RunFailure>(() => new ModelCatalog(Configuration()).Find("tinylama"));

        Assert.Equal("model", failure.Field);
        Assert.Contains("'tinylama'", failure.Message);
        Assert.Contains("did you mean 'owner/TinyLlama'?", failure.Message);
        Assert.Contains("other, owner/TinyLlama", failure.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("..")]
    [InlineData("../first/twice")]
    [InlineData("a/../b")]
    [InlineData("a/b/c")]
    [InlineData("/etc")]
    [InlineData("a/")]
    [InlineData("C:\\models")]
    [InlineData("C:x")]
    [InlineData("\\\\server\\share")]
    [InlineData("a\\b")]
    [InlineData("a\0b")]
    public void Find_NameThatIsAPath_IsRefused(string name)
    {
        Model("data/models/a");

        RunFailure model = Assert.Throws<RunFailure>(() => new ModelCatalog(Configuration()).Find(name));
        RunFailure data = Assert.Throws<RunFailure>(() => new DatasetCatalog(Configuration()).Find(name));

        Assert.Equal(("model", "dataset"), (model.Field, data.Field));
        Assert.Contains("name", model.Message);
    }

    [Fact]
    public void Find_LinkInsideARoot_IsFollowed()
    {
        string target = Model("cache/blob");
        Directory.CreateDirectory(Path.Combine(_home.Path, "data", "models"));
        string link = Path.Combine(_home.Path, "data", "models", "linked");
        Directory.CreateSymbolicLink(link, target);
        string files = Path.Combine(_home.Path, "data", "models", "files");
        Directory.CreateDirectory(files);
        foreach (string file in Directory.GetFiles(target))
        {
            File.CreateSymbolicLink(Path.Combine(files, Path.GetFileName(file)), file);
        }

        ModelCatalog catalog = new(Configuration());

        Assert.Equal(target, catalog.Find("linked").Folder);
        Assert.Equal(files, catalog.Find("files").Folder);
        Assert.All(catalog.List(), model => Assert.Equal(_weights.Length, model.WeightBytes));
    }

    [Fact]
    public void List_HuggingFaceCache_ListsTheSnapshotOfItsDefaultBranchHoweverItIsReached()
    {
        string hub = Path.Combine(_home.Path, "hf", "hub");
        Cached("hf/hub/models--acme--tiny", "c2", isMain: true);
        Cached("hf/hub/models--acme--tiny", "c1", isMain: false);
        Cached("hf/hub/models--solo", "c3", isMain: false);
        _home.Write("hf/hub/datasets--acme--reviews/snapshots/d1/train.tsv", "sentence\tlabel\nfine\t1\n");
        _home.Write("hf/hub/datasets--acme--reviews/snapshots/d1/dev.tsv", "sentence\tlabel\nbad\t0\n");
        string snapshot = Path.Combine(hub, "models--acme--tiny", "snapshots", "c2");
        Directory.CreateSymbolicLink(Path.Combine(_home.Path, "way"), Path.Combine("hf", "hub"));
        Directory.CreateSymbolicLink(Path.Combine(_home.Path, "far"), "way");

        foreach (string root in (string[])["hf/hub", "hf", "way", "far"])
        {
            ModelCatalog catalog = new(Configuration(root));
            Assert.Equal(["acme/tiny", "solo"], catalog.List().Select(model => model.Name));
            Assert.All(catalog.List(), model => Assert.True(model.Usable, model.Problem));
            Assert.Equal(["c2", "c3"], catalog.List().Select(model => model.Commit));
            Assert.Equal(snapshot, catalog.Find("acme/tiny").Folder);
            Assert.Empty(catalog.EmptyRoots());
            using (catalog.Pin("acme/tiny", "c1"))
            {
                Assert.Equal(Path.Combine(hub, "models--acme--tiny", "snapshots", "c1"), catalog.Find("acme/tiny").Folder);
            }

            DatasetCatalog datasets = new(Configuration() with { DatasetDirectories = [Path.Combine(_home.Path, root)] });
            Assert.Equal(("acme/reviews", "d1"), (Assert.Single(datasets.List()).Name, datasets.List()[0].Commit));
        }

        foreach (string root in (string[])["hf/hub/models--acme--tiny", "hf/hub/models--acme--tiny/snapshots/c2"])
        {
            ModelCatalog catalog = new(Configuration(root));
            Assert.Equal("acme/tiny", Assert.Single(catalog.List()).Name);
            Assert.Equal(snapshot, catalog.Find("acme/tiny").Folder);
        }
    }

    [Fact]
    public void Find_ModelThatIsALinkToASnapshot_ReadsTheFilesBehindItsLinks()
    {
        Cached("cache/models--acme--tiny", "c2", isMain: true);
        Directory.CreateDirectory(Path.Combine(_home.Path, "mine"));
        Directory.CreateSymbolicLink(
            Path.Combine(_home.Path, "mine", "one"), Path.Combine("..", "cache", "models--acme--tiny", "snapshots", "c2"));
        Directory.CreateSymbolicLink(Path.Combine(_home.Path, "mine", "two"), "one");
        Directory.CreateSymbolicLink(Path.Combine(_home.Path, "mine", "loop"), "loop");

        IReadOnlyList<ModelEntry> models = new ModelCatalog(Configuration("mine")).List();

        Assert.Equal(["one", "two"], models.Select(model => model.Name));
        Assert.All(models, model => Assert.True(model.Usable, model.Problem));
        Assert.All(models, model => Assert.Equal(_weights.Length, model.WeightBytes));
    }

    [Fact]
    public void List_RootThatIsAModelOrDataset_ListsItUnderItsName()
    {
        Model("work/best-model");
        _home.Write("work/reviews/train.tsv", "sentence\tlabel\nfine\t1\n");
        _home.Write("work/reviews/dev.tsv", "sentence\tlabel\nbad\t0\n");
        TrainingConfiguration configuration = Configuration("work/best-model") with
        {
            DatasetDirectories = [Path.Combine(_home.Path, "work", "reviews")],
        };

        ModelCatalog models = new(configuration);
        DatasetCatalog datasets = new(configuration);

        Assert.Equal("best-model", Assert.Single(models.List()).Name);
        Assert.Equal(Path.Combine(_home.Path, "work", "best-model"), models.Find("best-model").Folder);
        Assert.Equal("reviews", Assert.Single(datasets.List()).Name);
        Assert.True(datasets.List()[0].Usable, datasets.List()[0].Problem);
    }

    [Theory]
    [InlineData("acme/two", "models--acme--two has 2 snapshots and no refs/main; download its default branch again.")]
    [InlineData("acme/moved", "models--acme--moved has no snapshot of refs/main (c9); download it again.")]
    [InlineData("acme/bare", "lacks the files of a model; download it again.")]
    [InlineData("acme--whole", "There is no model 'acme--whole'; did you mean 'acme/whole'?")]
    [InlineData("acme/broken", "is a link to a file that does not exist; download the model again.")]
    public void Find_RepositoryOfACacheThatCannotBeUsed_SaysWhy(string name, string problem)
    {
        Cached("all/hf/models--acme--whole", "c1", isMain: true);
        Directory.CreateDirectory(Path.Combine(_home.Path, "all/hf/models--acme--two/snapshots/c1"));
        Directory.CreateDirectory(Path.Combine(_home.Path, "all/hf/models--acme--two/snapshots/c2"));
        _home.Write("all/hf/models--acme--moved/refs/main", "c9");
        Directory.CreateDirectory(Path.Combine(_home.Path, "all/hf/models--acme--bare/snapshots/c1"));
        Directory.CreateDirectory(Path.Combine(_home.Path, "all/hf/models--acme--broken/snapshots/c1"));
        File.CreateSymbolicLink(Path.Combine(_home.Path, "all/hf/models--acme--broken/snapshots/c1/config.json"), "../../blobs/gone");
        ModelCatalog catalog = new(Configuration("all"));

        Assert.Contains("acme/whole", catalog.List().Select(model => model.Name));
        Assert.Equal("c1", Path.GetFileName(catalog.Find("acme/whole").Folder));
        Assert.Contains(problem, Assert.Throws<RunFailure>(() => catalog.Find(name)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void EmptyRoots_RootsThatGiveNothing_SayWhy()
    {
        Directory.CreateDirectory(Path.Combine(_home.Path, "empty"));
        Model("deep/a/b/c");
        _home.Write("other/model.gguf", "x");
        _home.Write("broken/models--acme--tiny/refs/main", "c9");
        Directory.CreateDirectory(Path.Combine(_home.Path, "two", "models--acme--tiny", "snapshots", "c1"));
        Directory.CreateDirectory(Path.Combine(_home.Path, "two", "models--acme--tiny", "snapshots", "c2"));
        _home.Write("adapters/mine/adapter_config.json", "{}");
        Model("full/one");
        TrainingConfiguration configuration = Configuration("empty", "deep", "other", "broken", "two", "adapters", "full") with
        {
            DatasetDirectories = [Path.Combine(_home.Path, "empty")],
        };

        IReadOnlyList<string> models = new ModelCatalog(configuration).EmptyRoots();

        Assert.Equal(5, models.Count);
        Assert.EndsWith("empty, which has no model: it is empty.", models[0], StringComparison.Ordinal);
        Assert.Contains($"set the key to {Path.Combine(_home.Path, "deep", "a", "b")}", models[1], StringComparison.Ordinal);
        Assert.Contains("config.json", models[2], StringComparison.Ordinal);
        Assert.Contains("models--acme--tiny has no snapshot of refs/main (c9)", models[3], StringComparison.Ordinal);
        Assert.Contains("2 snapshots and no refs/main", models[4], StringComparison.Ordinal);
        string dataset = Assert.Single(new DatasetCatalog(configuration).EmptyRoots());
        Assert.StartsWith("LoraLab:DatasetDirectories", dataset, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tokenizer.model", "tokenizer.json", "tokenizer.json cannot be read")]
    [InlineData("tokenizer.model", null, "neither tokenizer.json nor tokenizer.model")]
    [InlineData("model.safetensors", null, "no weights")]
    [InlineData("config.json", """{"model_type":"gpt2"}""", "'gpt2'")]
    [InlineData("config.json", """{"model_type":"llama"}""", "must be positive")]
    [InlineData("config.json", "[", "not a valid model configuration")]
    public void List_UnusableModel_ReportsWhy(string broken, string? instead, string named)
    {
        string folder = Model("data/models/mine");
        File.Delete(Path.Combine(folder, broken));
        if (instead is not null)
        {
            File.WriteAllText(Path.Combine(folder, broken == "config.json" ? broken : instead), instead);
        }

        ModelCatalog catalog = new(Configuration());
        ModelEntry entry = Assert.Single(catalog.List());

        Assert.False(entry.Usable);
        Assert.Contains(named, entry.Problem);
        Assert.Contains(named, Assert.Throws<RunFailure>(() => catalog.Find("mine")).Message);
    }

    [Fact]
    public void List_ChangedFolder_IsDescribedAgain()
    {
        string folder = Model("data/models/mine");
        ModelCatalog catalog = new(Configuration());
        ModelEntry before = Assert.Single(catalog.List());
        Assert.Same(before, Assert.Single(catalog.List()));

        File.Delete(Path.Combine(folder, "tokenizer.model"));

        Assert.False(Assert.Single(catalog.List()).Usable);
    }

    [Fact]
    public void FindAdapter_PeftFolder_IsNotAModel()
    {
        _home.Write("data/models/mine/adapter_config.json", "{}");
        ModelCatalog catalog = new(Configuration());

        Assert.Equal(Path.Combine(_home.Path, "data", "models", "mine"), catalog.FindAdapter("mine"));
        Assert.Empty(catalog.List());
        Assert.Equal("initFrom", Assert.Throws<RunFailure>(() => catalog.FindAdapter("other")).Field);
    }

    [Fact]
    public void List_DatasetsOfTheFixtures_FindsSst2AndNoModels()
    {
        TrainingConfiguration configuration = Configuration() with { DatasetDirectories = [Fixtures.Data()] };
        DatasetCatalog catalog = new(configuration);

        DatasetEntry entry = Assert.Single(catalog.List());

        Assert.Equal(("sst2", 67349, 872), (entry.Name, entry.TrainRows, entry.EvalRows));
        Assert.Equal(Fixtures.Sst2, catalog.Find("sst2"));
        Assert.Same(entry, Assert.Single(catalog.List()));
    }

    [Fact]
    public void List_BundledDataset_IsFirstAndMarkedAsToy()
    {
        _home.Write("data/datasets/a/train.tsv", "sentence\tlabel\nfine\t1\n");
        _home.Write("samples/data/dataset.json", """{"toy": true}""");
        _home.Write("samples/data/train.tsv", "sentence\tlabel\nfine\t1\n");
        _home.Write("samples/data/dev.tsv", "sentence\tlabel\nfine\t1\n");

        IReadOnlyList<DatasetEntry> all = new DatasetCatalog(Configuration()).List();

        Assert.Equal(["sample", "a"], all.Select(entry => entry.Name));
        Assert.True(all[0] is { Usable: true, Toy: true });
        Assert.Contains("dev.tsv", all[1].Problem);

        // The small datasets are bundled, too, and their names are theirs.
        _home.Write("samples/datasets/sample-pairs/dataset.json", """{"toy": true, "run": {"epochs": 2}}""");
        _home.Write("data/datasets/sample-pairs/train.tsv", "sentence\tlabel\nfine\t1\n");
        all = new DatasetCatalog(Configuration()).List();
        Assert.Equal(["sample", "sample-pairs", "a"], all.Select(entry => entry.Name));
        Assert.Equal(
            Path.Combine(_home.Path, "samples", "datasets", "sample-pairs"), new DatasetCatalog(Configuration()).Find("sample-pairs"));
    }

    private string Model(string relative)
    {
        _home.Write(Path.Combine(relative, "config.json"), HandmadeModel.Config);
        _home.Write(Path.Combine(relative, "model.safetensors"), _weights);
        return Path.GetDirectoryName(_home.Write(Path.Combine(relative, "tokenizer.model"), HandmadeModel.Tokenizer()))!;
    }

    /// <summary>Writes a snapshot as Hugging Face's libraries do: relative links to blobs.</summary>
    private void Cached(string repository, string commit, bool isMain)
    {
        string model = Model($"{repository}/made");
        string snapshot = Directory.CreateDirectory(Path.Combine(_home.Path, repository, "snapshots", commit)).FullName;
        foreach (string file in Directory.GetFiles(model))
        {
            string blob = _home.Write($"{repository}/blobs/{commit}-{Path.GetFileName(file)}", File.ReadAllBytes(file));
            File.CreateSymbolicLink(
                Path.Combine(snapshot, Path.GetFileName(file)), Path.Combine("..", "..", "blobs", Path.GetFileName(blob)));
        }

        Directory.Delete(model, recursive: true);
        if (isMain)
        {
            _home.Write($"{repository}/refs/main", commit);
        }
    }

    private TrainingConfiguration Configuration(params string[] modelRoots) => new()
    {
        Home = _home.Path,
        DataDirectory = Path.Combine(_home.Path, "data"),
        ModelDirectories = [.. modelRoots.Select(root => Path.Combine(_home.Path, root))],
    };
}
