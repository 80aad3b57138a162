using System.Text;
using LoraLab.Contracts.Catalog;
using LoraLab.Tests.Support;
using LoraLab.Training.Hub;
using LoraLab.Training.Models.Catalog;
using Xunit;

namespace LoraLab.Tests.Training.Hub;

/// <summary>Models are downloaded: which files, and what a second call does.</summary>
public sealed class PullModelTests : PullTest
{
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
        Assert.Contains($"owner/tiny at {FakeHub.Commit} (main) is in {Revision()}", Output.ToString());
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

        Assert.Matches(@"model\.safetensors.*100%", Output.ToString());
        Assert.Matches(@"tokenizer\.model.*100%", Output.ToString());
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
        Shard(hub);

        Assert.Equal(0, await PullAsync(hub));

        Assert.Equal(6, Directory.GetFiles(Folder).Length);
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
            Directory.GetFiles(Data.Path, "*", SearchOption.AllDirectories), path => path.Contains("evil", StringComparison.Ordinal));
    }
}
