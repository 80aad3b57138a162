using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Catalog;
using LoraLab.Tests.Support;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Catalog;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Hub;
using LoraLab.Training.Models.Catalog;
using LoraLab.Training.Tasks;
using LoraLab.Training.Tasks.Classification;
using Parquet;
using Parquet.Schema;
using Spectre.Console;
using Xunit;

namespace LoraLab.Tests.Training.Hub;

public sealed class HubPullTests : IDisposable
{
    private const string Weights = "model.safetensors";
    private readonly TemporaryFolder _data = new();
    private readonly StringWriter _output = new();

    private string Folder => Path.Combine(_data.Path, "models", "owner", "tiny");

    private TrainingConfiguration Configuration => new() { Home = _data.Path, DataDirectory = _data.Path };

    private string Revision(string commit = FakeHub.Commit) => Path.Combine(Path.GetDirectoryName(Folder)!, ".tiny", commit);

    private string Part(string file) => Path.Combine(Revision() + ".part", file + ".part");

    public void Dispose() => _data.Dispose();

    [Fact]
    public async Task Run_Model_DownloadsTheNeededFilesAndTheCatalogListsIt()
    {
        await using FakeHub hub = await ModelAsync();

        Assert.Equal(0, await PullAsync(hub));

        Assert.Equal(["README.md", "config.json", Weights, "tokenizer.model"], Names(Folder));
        Assert.Equal(hub.Files[Weights], await File.ReadAllBytesAsync(Path.Combine(Folder, Weights)));
        Assert.Equal([".tiny", "tiny"], Directory.GetFileSystemEntries(Path.GetDirectoryName(Folder)!).Select(Path.GetFileName).Order());
        Assert.Equal([Revision(), Revision() + ".json"], Directory.GetFileSystemEntries(Path.GetDirectoryName(Revision())!).Order());
        Assert.Equal(Revision(), new ModelCatalog(Configuration).Find("owner/tiny").Folder);
        Assert.Contains($"owner/tiny at {FakeHub.Commit} (main) is in {Revision()}", _output.ToString());
        ModelEntry entry = Assert.Single(new ModelCatalog(Configuration).List());
        Assert.Equal(("owner/tiny", FakeHub.Commit, "main"), (entry.Name, entry.Commit, entry.Revision));
        Assert.All(hub.Requests.Where(request => request.Path.Contains("resolve")), request =>
            Assert.Contains(FakeHub.Commit, request.Path));
    }

    [Fact]
    public async Task Run_OnATerminal_ShowsABarForEachFile()
    {
        await using FakeHub hub = await ModelAsync();

        Assert.Equal(0, await HubPull.RunAsync("owner/tiny", Configuration, Console(terminal: true), Options(hub), CancellationToken.None));

        Assert.Matches(@"model\.safetensors.*100%", _output.ToString());
        Assert.Matches(@"tokenizer\.model.*100%", _output.ToString());
    }

    [Fact]
    public async Task Run_Revision_IsRequested()
    {
        await using FakeHub hub = await ModelAsync();

        Assert.Equal(0, await PullAsync(hub, "owner/tiny@v2"));
        Assert.Equal("/api/models/owner/tiny/revision/v2", hub.Requests[0].Path);
    }

    [Fact]
    public async Task Run_ConnectionCut_RequestsOnlyTheRest()
    {
        await using FakeHub hub = await ModelAsync();
        hub.Cut(Weights, 70_000, 50_000);

        Assert.Equal(0, await PullAsync(hub));

        Assert.Equal(hub.Files[Weights], await File.ReadAllBytesAsync(Path.Combine(Folder, Weights)));
        Assert.Equal([null, "bytes=70000-", "bytes=120000-"], hub.Served(Weights).Select(request => request.Range));
        Assert.Equal([null, "\"v1\"", "\"v1\""], hub.Served(Weights).Select(request => request.IfRange));
    }

    [Fact]
    public async Task Run_AgainAfterGivingUp_ResumesWhereItStopped()
    {
        await using FakeHub hub = await ModelAsync();
        hub.Cut(Weights, 70_000, 0, 0, 0);

        Assert.Equal(1, await PullAsync(hub));
        Assert.Contains("gave up after 3 attempts", _output.ToString());
        Assert.Equal(70_000, new FileInfo(Part(Weights)).Length);
        Assert.Empty(new ModelCatalog(Configuration).List());

        int before = hub.Served(Weights).Count;
        hub.Cut(Weights);
        Assert.Equal(0, await PullAsync(hub));

        FakeHub.Seen rest = Assert.Single(hub.Served(Weights).Skip(before));
        Assert.Equal(("bytes=70000-", "\"v1\""), (rest.Range, rest.IfRange));
        Assert.Equal(hub.Files[Weights], await File.ReadAllBytesAsync(Path.Combine(Folder, Weights)));
    }

    [Fact]
    public async Task Run_OtherContentSinceTheCut_StartsOver()
    {
        await using FakeHub hub = await ModelAsync();
        hub.Cut(Weights, 70_000, 0, 0, 0);
        Assert.Equal(1, await PullAsync(hub));

        hub.Cut(Weights);
        hub.Files[Weights] = RandomNumberGenerator.GetBytes(200_000);
        int before = hub.Served(Weights).Count;
        Assert.Equal(0, await PullAsync(hub));

        Assert.Null(Assert.Single(hub.Served(Weights).Skip(before)).Range);
        Assert.Equal(hub.Files[Weights], await File.ReadAllBytesAsync(Path.Combine(Folder, Weights)));
    }

    [Fact]
    public async Task Run_OtherEntityTagSinceTheCut_TakesTheWholeResponse()
    {
        await using FakeHub hub = await ModelAsync();
        hub.Cut(Weights, 70_000);
        hub.OnServe = _ => hub.Tag = $"\"{Guid.NewGuid()}\"";

        Assert.Equal(0, await PullAsync(hub));

        Assert.Equal([null, "bytes=70000-"], hub.Served(Weights).Select(request => request.Range));
        Assert.Equal(hub.Files[Weights], await File.ReadAllBytesAsync(Path.Combine(Folder, Weights)));
    }

    [Fact]
    public async Task Run_StoreWithoutEntityTags_StillResumes()
    {
        await using FakeHub hub = await ModelAsync();
        hub.Tag = null;
        hub.Cut(Weights, 70_000);

        Assert.Equal(0, await PullAsync(hub));

        Assert.Equal([(null, null), ("bytes=70000-", null)], hub.Served(Weights).Select(request => (request.Range, request.IfRange)));
        Assert.Equal(hub.Files[Weights], await File.ReadAllBytesAsync(Path.Combine(Folder, Weights)));
    }

    [Theory]
    [InlineData(Weights)]
    [InlineData("tokenizer.model")]
    public async Task Run_WrongChecksum_NamesFileAndHashesAndDeletesTheFile(string file)
    {
        await using FakeHub hub = await ModelAsync();
        string promised = new('a', file == Weights ? 64 : 40);
        hub.Lie = path => path == file ? (hub.Files[path].Length, promised) : null;

        Assert.Equal(1, await PullAsync(hub));

        string output = _output.ToString();
        Assert.Contains(file, output);
        Assert.Contains(promised, output);
        Assert.Contains(file == Weights ? Convert.ToHexStringLower(SHA256.HashData(hub.Files[file])) : "checksum", output);
        Assert.DoesNotContain(Directory.GetFiles(_data.Path, "*", SearchOption.AllDirectories), path =>
            Path.GetFileName(path).StartsWith(file, StringComparison.Ordinal));
        Assert.Empty(new ModelCatalog(Configuration).List());
    }

    [Theory]
    [InlineData(199_999)]
    [InlineData(200_001)]
    public async Task Run_WrongSize_IsRefusedAtOnce(int promised)
    {
        await using FakeHub hub = await ModelAsync();
        hub.Lie = path => path == Weights ? (promised, Convert.ToHexStringLower(SHA256.HashData(hub.Files[path]))) : null;

        Assert.Equal(1, await PullAsync(hub));

        Assert.Contains($"at least 200,000 bytes, but the hub lists {NumberFormat.Count(promised)}", _output.ToString());
        Assert.Single(hub.Served(Weights));
    }

    [Fact]
    public async Task Run_PrivateModelWithoutToken_NamesTheVariable()
    {
        await using FakeHub hub = await ModelAsync();
        hub.Token = "secret";

        Assert.Equal(1, await PullAsync(hub));

        Assert.Contains("HF_TOKEN", _output.ToString());
        Assert.Contains("owner/tiny", _output.ToString());
    }

    [Fact]
    public async Task Run_Token_GoesToTheHubAndToNoOtherHost()
    {
        await using FakeHub hub = await ModelAsync();
        hub.Token = "secret";

        Assert.Equal(0, await PullAsync(hub, options: Options(hub) with { Token = "secret" }));

        Assert.All(hub.Requests.Where(request => request.Server == "hub"), request => Assert.Equal("Bearer secret", request.Authorization));
        Assert.All(hub.Served(Weights), request => Assert.Null(request.Authorization));
        Assert.NotEmpty(hub.Served(Weights));
    }

    [Theory]
    [InlineData("ftp://files.example/x")]
    [InlineData("file:///etc/passwd")]
    public async Task Run_RedirectToAnotherScheme_IsNotFollowed(string elsewhere)
    {
        await using FakeHub hub = await ModelAsync();
        hub.Elsewhere = elsewhere;

        Assert.Equal(1, await PullAsync(hub, "owner/tiny"));

        Assert.Contains($"redirects from http to {new Uri(elsewhere).Scheme}", _output.ToString());
    }

    [Fact]
    public async Task Run_NamesThatLeaveTheFolderOrNoDiskHas_AreLeftOut()
    {
        await using FakeHub hub = await ModelAsync();
        string[] names = ["../../evil.txt", "/evil.txt", "a/../evil.txt", "..\\evil.txt", "C:evil.txt", "tab\t.txt", new('n', 300)];
        foreach (string name in names)
        {
            hub.Files[name] = [1, 2, 3];
        }

        Assert.Equal(0, await PullAsync(hub, "owner/tiny"));

        Assert.DoesNotContain(
            Directory.GetFiles(_data.Path, "*", SearchOption.AllDirectories), path => path.Contains("evil", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("owner/other", "no model 'owner/other'")]
    [InlineData("owner/tiny@v9", "no revision 'v9'")]
    [InlineData("gpt2", "owner/name")]
    [InlineData("owner/../tiny", "owner/name")]
    [InlineData("../tiny", "owner/name")]
    [InlineData("owner/tiny@", "invalid revision")]
    public async Task Run_NotThere_IsReported(string name, string named)
    {
        await using FakeHub hub = await ModelAsync();

        Assert.Equal(1, await PullAsync(hub, name));

        Assert.Contains(named, _output.ToString());
    }

    [Fact]
    public async Task Run_HubBusy_Retries()
    {
        await using FakeHub hub = await ModelAsync();
        hub.Refuse(503, 429);

        Assert.Equal(0, await PullAsync(hub));
    }

    [Fact]
    public async Task Run_HubDown_NamesTheHostAfterItsAttempts()
    {
        Assert.Equal(1, await HubPull.RunAsync(
            "owner/tiny",
            Configuration,
            Console(),
            new HubOptions { Endpoint = new Uri("http://127.0.0.1:9"), Attempts = 2, InitialDelay = TimeSpan.Zero },
            CancellationToken.None));

        Assert.Contains("127.0.0.1 cannot be reached", _output.ToString());
        Assert.Contains("2 attempts", _output.ToString());
    }

    [Theory]
    [InlineData("config.json", """{"model_type":"gpt2"}""", "'gpt2'")]
    [InlineData("config.json", """{"model_type":"llama","quantization_config":{"quant_method":"bitsandbytes"}}""", "quantization_config")]
    [InlineData("generation_config.json", """{"logits_scaling":2}""", "logits_scaling")]
    [InlineData("tokenizer.model", "IQ== 0\nIg== 1\n", "tiktoken")]
    [InlineData("tokenizer_config.json", """{"add_bos_token":false}""", "add_bos_token")]
    [InlineData("tokenizer.model", null, "neither tokenizer.json nor tokenizer.model")]
    [InlineData("config.json", null, "no config.json")]
    [InlineData(Weights, null, "no safetensors weights")]
    public async Task Run_ModelThatCannotBeUsed_IsRefusedBeforeItsWeightsAreDownloaded(string file, string? instead, string named)
    {
        await using FakeHub hub = await ModelAsync();
        hub.Files.Remove(file, out _);
        if (instead is not null)
        {
            hub.Files[file] = Encoding.UTF8.GetBytes(instead);
        }

        Assert.Equal(1, await PullAsync(hub));

        Assert.Contains(named, _output.ToString());
        Assert.Empty(hub.Served(Weights));
    }

    [Fact]
    public async Task Run_Twice_DownloadsOnlyWhatChanged()
    {
        await using FakeHub hub = await ModelAsync();
        Assert.Equal(0, await PullAsync(hub));
        hub.Files["tokenizer.model"] = HandmadeModel.Tokenizer("other");

        Assert.Equal(0, await PullAsync(hub));

        Assert.Single(hub.Served(Weights));
        Assert.Equal(HandmadeModel.Tokenizer("other"), await File.ReadAllBytesAsync(Path.Combine(Folder, "tokenizer.model")));
        Assert.Equal(4, Directory.GetFiles(Folder).Length);
    }

    [Fact]
    public async Task Run_Shards_DownloadsEveryShardAndTheIndex()
    {
        await using FakeHub hub = await ModelAsync();
        hub.Files.Remove(Weights, out byte[]? bytes);
        JsonObject map = [];
        foreach ((int shard, KeyValuePair<string, PlainTensor>[] part) in HandmadeModel.Weights().Chunk(11).Index())
        {
            string file = $"model-0000{shard + 1}-of-00002.safetensors";
            hub.Files[file] = HandmadeModel.Safetensors(part.ToDictionary());
            foreach ((string name, _) in part)
            {
                map[name] = file;
            }
        }

        hub.Files["model.safetensors.index.json"] = Encoding.UTF8.GetBytes(new JsonObject { ["weight_map"] = map }.ToJsonString());

        Assert.Equal(0, await PullAsync(hub));

        Assert.Equal(6, Directory.GetFiles(Folder).Length);
    }

    [Fact]
    public async Task Run_Stopped_KeepsTheDownloadedPart()
    {
        await using FakeHub hub = await ModelAsync();
        using CancellationTokenSource stop = new();
        hub.Cut(Weights, 70_000);
        hub.OnServe = _ =>
        {
            if (hub.Served(Weights).Count == 2)
            {
                stop.Cancel();
            }
        };

        Assert.Equal(130, await HubPull.RunAsync("owner/tiny", Configuration, Console(), Options(hub), stop.Token));

        Assert.Equal(70_000, new FileInfo(Part(Weights)).Length);
    }

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
        Assert.Contains("3 training rows, 1 evaluation row", _output.ToString());

        int before = hub.Requests.Count;
        Assert.Equal(0, await PullAsync(hub, "sst2"));
        Assert.Equal(before, hub.Requests.Count);
    }

    [Fact]
    public async Task Run_OtherFilesAndFormats_KeepsWhatIsNotAWeightInAnotherFormat()
    {
        await using FakeHub hub = await ModelAsync();
        string[] kept = ["LICENSE", "chat_template.jinja", "generation_config.json", "additional_chat_templates/tools.jinja"];
        string[] left =
        [
            "model.gguf", "tf_model.h5", "pytorch_model.bin.index.json", "original/params.json", "original/consolidated.00.pth",
            ".gitattributes", "../escape.json", "a/../b.json", "c:x.json",
        ];
        foreach (string file in kept.Concat(left))
        {
            hub.Files[file] = Encoding.UTF8.GetBytes(file);
        }

        hub.Files["generation_config.json"] = "{}"u8.ToArray();

        Assert.Equal(0, await PullAsync(hub));

        Assert.Equal(
            [
                "LICENSE", "README.md", "additional_chat_templates/tools.jinja", "chat_template.jinja", "config.json",
                "generation_config.json", Weights, "tokenizer.model",
            ],
            Names(Folder));
        Assert.False(File.Exists(Path.Combine(Path.GetDirectoryName(Revision())!, "escape.json")));
    }

    [Fact]
    public async Task Run_AnotherRevision_IsTheWholeFolderAndTheOldOneGoes()
    {
        await using FakeHub hub = await TwoRevisionsAsync();
        Assert.Equal(0, await PullAsync(hub, "owner/tiny@v1"));
        Assert.Equal(["config.json", Weights, "tokenizer.model"], Names(Folder));
        ModelEntry first = Assert.Single(new ModelCatalog(Configuration).List());
        Assert.Equal((FakeHub.OlderCommit, "v1"), (first.Commit, first.Revision));

        Assert.Equal(0, await PullAsync(hub));

        Assert.Equal(
            [
                "README.md", "config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
                "model.safetensors.index.json", "tokenizer.model",
            ],
            Names(Folder));
        Assert.Equal(FakeHub.Commit, Assert.Single(new ModelCatalog(Configuration).List()).Commit);
        Assert.False(Directory.Exists(Revision(FakeHub.OlderCommit)));
        Assert.Contains($"Deleted revision {FakeHub.OlderCommit}", _output.ToString());
    }

    [Fact]
    public async Task Run_AnotherRevisionWhileTheOldOneIsUsed_KeepsIt()
    {
        await using FakeHub hub = await TwoRevisionsAsync();
        Assert.Equal(0, await PullAsync(hub, "owner/tiny@v1"));
        string fingerprint = Path.Combine("runs", "abc", "fingerprint.json");
        _data.Write(fingerprint, $$"""{"environment": {"modelRevision": "{{FakeHub.OlderCommit}}"} }""");

        Assert.Equal(0, await PullAsync(hub));
        ModelCatalog catalog = new(Configuration);
        using (catalog.Pin("owner/tiny", FakeHub.OlderCommit))
        {
            Assert.Equal(Revision(FakeHub.OlderCommit), catalog.Find("owner/tiny").Folder);
        }

        Assert.Equal(Revision(), catalog.Find("owner/tiny").Folder);
        using (StoredRevisions.Lease(Revision(FakeHub.OlderCommit)))
        {
            File.Delete(Path.Combine(_data.Path, fingerprint));
            Assert.Equal(0, await PullAsync(hub));
            Assert.True(Directory.Exists(Revision(FakeHub.OlderCommit)));
        }

        Assert.Equal(0, await PullAsync(hub));
        Assert.False(Directory.Exists(Revision(FakeHub.OlderCommit)));
        using (catalog.Pin("owner/tiny", FakeHub.OlderCommit))
        {
            string message = Assert.Throws<RunFailure>(() => catalog.Find("owner/tiny")).Message;
            Assert.Contains($"pull owner/tiny@{FakeHub.OlderCommit}", message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Run_FolderOfAnEarlierVersion_StaysUsableAndIsReplaced()
    {
        await using FakeHub hub = await TwoRevisionsAsync();
        foreach ((string name, byte[] content) in hub.Older)
        {
            _data.Write(Path.Combine("models", "owner", "tiny", name), content);
        }

        Assert.Equal(Folder, new ModelCatalog(Configuration).Find("owner/tiny").Folder);
        Assert.Null(Assert.Single(new ModelCatalog(Configuration).List()).Commit);

        Assert.Equal(0, await PullAsync(hub, "owner/tiny@v1"));
        Assert.Empty(hub.Served(Weights));
        Assert.Equal(Revision(FakeHub.OlderCommit), new ModelCatalog(Configuration).Find("owner/tiny").Folder);
        Assert.Empty(Directory.GetDirectories(Path.GetDirectoryName(Revision())!, "earlier-*"));
    }

    [Fact]
    public async Task Run_FolderWithFilesOfTheUser_KeepsThem()
    {
        await using FakeHub hub = await TwoRevisionsAsync();
        _data.Write(Path.Combine("models", "owner", "tiny", "config.json"), HandmadeModel.Config);
        _data.Write(Path.Combine("models", "owner", "tiny", "mine.txt"), "mine");

        Assert.Equal(0, await PullAsync(hub));

        string earlier = Assert.Single(Directory.GetDirectories(Path.GetDirectoryName(Revision())!, "earlier-*"));
        Assert.Equal("mine", await File.ReadAllTextAsync(Path.Combine(earlier, "mine.txt")));
        Assert.Contains(earlier, _output.ToString());
        Assert.False(File.Exists(Path.Combine(Folder, "mine.txt")));
    }

    [Fact]
    public async Task Run_NameThatIsALinkOfTheUser_IsRefused()
    {
        await using FakeHub hub = await ModelAsync();
        string mine = Directory.CreateDirectory(Path.Combine(_data.Path, "mine")).FullName;
        Directory.CreateDirectory(Path.GetDirectoryName(Folder)!);
        Directory.CreateSymbolicLink(Folder, mine);

        Assert.Equal(1, await PullAsync(hub));

        Assert.Contains("'pull' did not make", _output.ToString());
        Assert.Equal(mine, new DirectoryInfo(Folder).LinkTarget);
    }

    [Fact]
    public async Task Publish_WithoutLinks_PointsByAFileThatIsReplacedAtOnce()
    {
        await using FakeHub hub = await TwoRevisionsAsync();
        Assert.Equal(0, await PullAsync(hub, "owner/tiny@v1"));
        _data.Write("runs/abc/fingerprint.json", $$"""{"environment": {"modelRevision": "{{FakeHub.OlderCommit}}"} }""");
        Assert.Equal(0, await PullAsync(hub));
        StoredRevisions revisions = new(Folder, useLinks: false);

        revisions.Publish(new("owner/tiny", "v1", FakeHub.OlderCommit, "https://hub.example/"));

        Assert.Equal($".tiny/{FakeHub.OlderCommit}\n", await File.ReadAllTextAsync(Folder));
        Assert.Equal(Revision(FakeHub.OlderCommit), new ModelCatalog(Configuration).Find("owner/tiny").Folder);
        Assert.Equal("owner/tiny", Assert.Single(new ModelCatalog(Configuration).List()).Name);
        Assert.Equal(0, await PullAsync(hub));
        Assert.Equal(Revision(), new ModelCatalog(Configuration).Find("owner/tiny").Folder);
    }

    [Fact]
    public async Task Run_MirrorWithoutSizes_DownloadsAndResumes()
    {
        await using FakeHub hub = await ModelAsync();
        hub.WithoutSizes = true;
        hub.Cut(Weights, 70_000);

        Assert.Equal(0, await PullAsync(hub));

        Assert.Equal([null, "bytes=70000-"], hub.Served(Weights).Select(request => request.Range));
        Assert.Equal(hub.Files[Weights], await File.ReadAllBytesAsync(Path.Combine(Folder, Weights)));
        Assert.Equal(0, await PullAsync(hub));
        Assert.Equal(2, hub.Served(Weights).Count);
    }

    [Theory]
    [InlineData("HF_TOKEN", "HF_TOKEN", "~/.cache/huggingface/token")]
    [InlineData("HUGGING_FACE_HUB_TOKEN", "HUGGING_FACE_HUB_TOKEN", "~/.cache/huggingface/token")]
    [InlineData("file", "HF_TOKEN_PATH=~/elsewhere", "~/elsewhere", "HF_HOME=~/hf", "~/hf/token")]
    [InlineData("file", "HF_HOME=~/hf", "~/hf/token", "XDG_CACHE_HOME=~/xdg", "~/xdg/huggingface/token")]
    [InlineData("file", "XDG_CACHE_HOME=~/xdg", "~/xdg/huggingface/token", "~/.cache/huggingface/token")]
    [InlineData("file", "~/.cache/huggingface/token")]
    [InlineData(null, "HF_HOME=~/hf", "~/.cache/huggingface/token")]
    public void From_Token_IsReadWhereLoginLeavesIt(string? source, params string[] present)
    {
        Dictionary<string, string> environment = new() { ["HOME"] = _data.Path };
        string? first = null;
        foreach (string item in present)
        {
            if (item.Contains('='))
            {
                environment[item[..item.IndexOf('=')]] = item[(item.IndexOf('=') + 1)..];
            }
            else if (item[0] == '~')
            {
                string path = _data.Write(item[2..], first is null ? " hf_file\n" : "hf_other");
                first ??= path;
            }
            else
            {
                environment[item] = "hf_variable";
            }
        }

        HubOptions options = HubOptions.From(environment.GetValueOrDefault);

        Assert.Equal(source switch { null => null, "file" => "hf_file", _ => "hf_variable" }, options.Token);
        if (source is not null)
        {
            Assert.Equal(source == "file" ? first : source, options.TokenSource);
        }
    }

    [Theory]
    [InlineData("hf_a\nhf_b")]
    [InlineData("hf_\u00fc")]
    [InlineData("my token")]
    [InlineData("PK\u0003\u0004")]
    public void From_TokenThatIsNone_NamesItsPlace(string token)
    {
        string path = _data.Write("token", token);

        Assert.Contains("HF_TOKEN has no token", Assert.Throws<RunFailure>(() => From("HF_TOKEN", token)).Message);
        Assert.Contains($"{path} has no token", Assert.Throws<RunFailure>(() => From("HF_TOKEN_PATH", path)).Message);

        static HubOptions From(string name, string value) => HubOptions.From(variable => variable == name ? value : null);
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
        Assert.Contains("1 training row, 1 evaluation row", _output.ToString());
        int requests = hub.Requests.Count;
        Assert.Equal(0, await PullAsync(hub, name));
        Assert.Equal(requests, hub.Requests.Count);
    }

    [Fact]
    public async Task Run_PresetThatTheRepositoryLacks_NamesTheFiles()
    {
        await using FakeHub hub = await FakeHub.StartAsync("datasets", "nyu-mll/glue");
        hub.Files["rte/train-00000-of-00001.parquet"] = new byte[10];

        Assert.Equal(1, await PullAsync(hub, "rte"));

        Assert.Contains("no longer has train.tsv with dev.tsv, or rte/train-*.parquet with rte/validation-*.parquet", OneLine());
    }

    [Fact]
    public async Task Run_PresetThatIsNotOnTheHub_SaysWhatToDo()
    {
        await using FakeHub hub = await ModelAsync();

        Assert.Equal(1, await PullAsync(hub, "trec"));

        Assert.Contains("download train_5500.label and TREC_10.label from Li and Roth", OneLine());
        Assert.Empty(hub.Requests);
    }

    [Fact]
    public async Task Run_Sst2ThatIsNotParquet_IsReported()
    {
        await using FakeHub hub = await FakeHub.StartAsync("datasets", "nyu-mll/glue");
        hub.Files["sst2/train-00000-of-00001.parquet"] = "not parquet"u8.ToArray();
        hub.Files["sst2/validation-00000-of-00001.parquet"] = "not parquet"u8.ToArray();

        Assert.Equal(1, await PullAsync(hub, "sst2"));
        Assert.Contains("Parquet", _output.ToString());
    }

    [Fact]
    public void From_Environment_IsHonored()
    {
        Dictionary<string, string> environment = new() { ["HF_ENDPOINT"] = "https://mirror.example/hub/", ["HF_TOKEN"] = " hf_x " };

        HubOptions options = HubOptions.From(environment.GetValueOrDefault);

        Assert.Equal(("https://mirror.example/hub/", "hf_x"), (options.Endpoint.AbsoluteUri, options.Token));
        Assert.Equal("https://huggingface.co/", HubOptions.From(_ => null).Endpoint.AbsoluteUri);
        Assert.Contains("HF_ENDPOINT", Assert.Throws<RunFailure>(() => HubOptions.From(_ => "ftp://x")).Message);
    }

    private async Task<FakeHub> ModelAsync()
    {
        FakeHub hub = await FakeHub.StartAsync();
        hub.Arrived = path => new FileInfo(Part(path)) is { Exists: true } part ? part.Length : 0;
        hub.Files["config.json"] = Encoding.UTF8.GetBytes(HandmadeModel.Config);
        hub.Files["tokenizer.model"] = HandmadeModel.Tokenizer();
        hub.Files[Weights] = HandmadeModel.Safetensors(HandmadeModel.Weights(), bytes: 200_000);
        hub.Files["pytorch_model.bin"] = new byte[300_000];
        hub.Files["README.md"] = "read"u8.ToArray();
        hub.Files["onnx/model.safetensors"] = new byte[3000];
        return hub;
    }

    private async Task<FakeHub> TwoRevisionsAsync()
    {
        FakeHub hub = await ModelAsync();
        hub.Files.Remove(Weights, out byte[]? bytes);
        JsonObject map = [];
        foreach ((int shard, KeyValuePair<string, PlainTensor>[] part) in HandmadeModel.Weights().Chunk(11).Index())
        {
            string file = $"model-0000{shard + 1}-of-00002.safetensors";
            hub.Files[file] = HandmadeModel.Safetensors(part.ToDictionary());
            foreach ((string name, _) in part)
            {
                map[name] = file;
            }
        }

        hub.Files["model.safetensors.index.json"] = Encoding.UTF8.GetBytes(new JsonObject { ["weight_map"] = map }.ToJsonString());
        hub.Older["config.json"] = Encoding.UTF8.GetBytes(HandmadeModel.Config);
        hub.Older["tokenizer.model"] = HandmadeModel.Tokenizer();
        hub.Older[Weights] = bytes!;
        return hub;
    }

    private static IEnumerable<string> Names(string folder) => Directory.GetFiles(folder, "*", SearchOption.AllDirectories)
        .Select(path => Path.GetRelativePath(folder, path)).Order(StringComparer.Ordinal);

    private static HubOptions Options(FakeHub hub) => new() { Endpoint = hub.Address, Attempts = 3, InitialDelay = TimeSpan.Zero };

    private async Task<int> PullAsync(FakeHub hub, string name = "owner/tiny", HubOptions? options = null) =>
        await HubPull.RunAsync(name, Configuration, Console(), options ?? Options(hub), CancellationToken.None);

    private IAnsiConsole Console(bool terminal = false)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = terminal ? AnsiSupport.Yes : AnsiSupport.No,
            Interactive = terminal ? InteractionSupport.Yes : InteractionSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Out = new AnsiConsoleOutput(_output),
        });
        console.Profile.Width = 1000;
        return console;
    }

    private string OneLine() => string.Join(' ', _output.ToString().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

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
