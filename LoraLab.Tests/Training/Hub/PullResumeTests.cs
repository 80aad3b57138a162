using System.Security.Cryptography;
using LoraLab.Training.Hub;
using LoraLab.Training.Models.Catalog;
using Xunit;

namespace LoraLab.Tests.Training.Hub;

/// <summary>Downloads that were cut or stopped go on where they were.</summary>
public sealed class PullResumeTests : PullTest
{
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
        Assert.Contains("gave up after 3 attempts", Output.ToString());
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

    [Fact]
    public async Task Run_HubBusy_Retries()
    {
        await using FakeHub hub = await ModelAsync();
        hub.Refuse(503, 429);

        Assert.Equal(0, await PullAsync(hub));
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
}
