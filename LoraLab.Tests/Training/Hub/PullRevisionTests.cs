using System.Text;
using LoraLab.Contracts.Catalog;
using LoraLab.Tests.Support;
using LoraLab.Training.Files.Catalog;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models.Catalog;
using Xunit;

namespace LoraLab.Tests.Training.Hub;

/// <summary>A revision is a folder of its own, which stays as long as something uses it.</summary>
public sealed class PullRevisionTests : PullTest
{
    [Fact]
    public async Task Run_Revision_IsRequested()
    {
        await using FakeHub hub = await ModelAsync();

        Assert.Equal(0, await PullAsync(hub, "owner/tiny@v2"));
        Assert.Equal("/api/models/owner/tiny/revision/v2", hub.Requests[0].Path);
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
        Assert.Contains($"Deleted revision {FakeHub.OlderCommit}", Output.ToString());
    }

    [Fact]
    public async Task Run_AnotherRevisionWhileTheOldOneIsUsed_KeepsIt()
    {
        await using FakeHub hub = await TwoRevisionsAsync();
        Assert.Equal(0, await PullAsync(hub, "owner/tiny@v1"));
        string fingerprint = Path.Combine("runs", "abc", "fingerprint.json");
        Data.Write(fingerprint, $$"""{"environment": {"modelRevision": "{{FakeHub.OlderCommit}}"} }""");

        Assert.Equal(0, await PullAsync(hub));
        ModelCatalog catalog = new(Configuration);
        using (catalog.Pin("owner/tiny", FakeHub.OlderCommit))
        {
            Assert.Equal(Revision(FakeHub.OlderCommit), catalog.Find("owner/tiny").Folder);
        }

        Assert.Equal(Revision(), catalog.Find("owner/tiny").Folder);
        using (StoredRevisions.Lease(Revision(FakeHub.OlderCommit)))
        {
            File.Delete(Path.Combine(Data.Path, fingerprint));
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
            Data.Write(Path.Combine("models", "owner", "tiny", name), content);
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
        Data.Write(Path.Combine("models", "owner", "tiny", "config.json"), HandmadeModel.Config);
        Data.Write(Path.Combine("models", "owner", "tiny", "mine.txt"), "mine");

        Assert.Equal(0, await PullAsync(hub));

        string earlier = Assert.Single(Directory.GetDirectories(Path.GetDirectoryName(Revision())!, "earlier-*"));
        Assert.Equal("mine", await File.ReadAllTextAsync(Path.Combine(earlier, "mine.txt")));
        Assert.Contains(earlier, Output.ToString());
        Assert.False(File.Exists(Path.Combine(Folder, "mine.txt")));
    }

    [Fact]
    public async Task Run_NameThatIsALinkOfTheUser_IsRefused()
    {
        await using FakeHub hub = await ModelAsync();
        string mine = Directory.CreateDirectory(Path.Combine(Data.Path, "mine")).FullName;
        Directory.CreateDirectory(Path.GetDirectoryName(Folder)!);
        Directory.CreateSymbolicLink(Folder, mine);

        Assert.Equal(1, await PullAsync(hub));

        Assert.Contains("'pull' did not make", Output.ToString());
        Assert.Equal(mine, new DirectoryInfo(Folder).LinkTarget);
    }

    [Fact]
    public async Task Publish_WithoutLinks_PointsByAFileThatIsReplacedAtOnce()
    {
        await using FakeHub hub = await TwoRevisionsAsync();
        Assert.Equal(0, await PullAsync(hub, "owner/tiny@v1"));
        Data.Write("runs/abc/fingerprint.json", $$"""{"environment": {"modelRevision": "{{FakeHub.OlderCommit}}"} }""");
        Assert.Equal(0, await PullAsync(hub));
        StoredRevisions revisions = new(Folder, useLinks: false);

        revisions.Publish(new("owner/tiny", "v1", FakeHub.OlderCommit, "https://hub.example/"));

        Assert.Equal($".tiny/{FakeHub.OlderCommit}\n", await File.ReadAllTextAsync(Folder));
        Assert.Equal(Revision(FakeHub.OlderCommit), new ModelCatalog(Configuration).Find("owner/tiny").Folder);
        Assert.Equal("owner/tiny", Assert.Single(new ModelCatalog(Configuration).List()).Name);
        Assert.Equal(0, await PullAsync(hub));
        Assert.Equal(Revision(), new ModelCatalog(Configuration).Find("owner/tiny").Folder);
    }

    private async Task<FakeHub> TwoRevisionsAsync()
    {
        FakeHub hub = await ModelAsync();
        byte[] whole = Shard(hub);
        hub.Older["config.json"] = Encoding.UTF8.GetBytes(HandmadeModel.Config);
        hub.Older["tokenizer.model"] = HandmadeModel.Tokenizer();
        hub.Older[Weights] = whole;
        return hub;
    }
}
