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
    private const string Llama = """{"model_type":"llama","hidden_size":8,"intermediate_size":16,"num_hidden_layers":2"""
        + ""","num_attention_heads":4,"num_key_value_heads":2,"vocab_size":32,"max_position_embeddings":64,"tie_word_embeddings":true}""";
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

        Assert.Equal(link, catalog.Find("linked").Folder);
        Assert.Equal(files, catalog.Find("files").Folder);
        Assert.All(catalog.List(), model => Assert.Equal(7, model.WeightBytes));
    }

    [Theory]
    [InlineData("tokenizer.model", "tokenizer.json", "only a tokenizer.json")]
    [InlineData("tokenizer.model", null, "no tokenizer.model")]
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
    }

    private string Model(string relative)
    {
        _home.Write(Path.Combine(relative, "config.json"), Llama);
        _home.Write(Path.Combine(relative, "model.safetensors"), "weights");
        return Path.GetDirectoryName(_home.Write(Path.Combine(relative, "tokenizer.model"), "pieces"))!;
    }

    private TrainingConfiguration Configuration(params string[] modelRoots) => new()
    {
        Home = _home.Path,
        DataDirectory = Path.Combine(_home.Path, "data"),
        ModelDirectories = [.. modelRoots.Select(root => Path.Combine(_home.Path, root))],
    };
}
