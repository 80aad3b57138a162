using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Runs;
using LoraLab.Server.Storage;
using LoraLab.Tests.Server.Storage;
using LoraLab.Tests.Support;
using Microsoft.Extensions.Options;
using Xunit;

namespace LoraLab.Tests.Server.Runs;

/// <summary>Concurrent deletions.</summary>
public sealed class RunDeletionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Delete_RunThatAnotherRequestDeletes_LeavesNoFilesThatWouldBeRebuilt()
    {
        using (StoreOnDisk disk = new(_folder.Path))
        {
            disk.Put("aaaa");
            using ManualResetEventSlim inside = new(), go = new();
            Thread other = new(() => disk.Store.Transact(StoreScope.Everything, transaction =>
            {
                inside.Set();
                go.Wait();
                transaction.Remove("aaaa");
            }));
            ApiFailure? refused = null;
            // The parts of the service that a deletion needs.
            RunService service =
                new(disk.Store, null!, null!, null!, null!, null!, disk.Deletions, null!, Options.Create(new LoraLabOptions()));
            Thread late = new(() => refused = Assert.Throws<ApiFailure>(() => service.Delete("aaaa")));
            other.Start();
            inside.Wait(TestContext.Current.CancellationToken);
            late.Start();
            Assert.True(
                SpinWait.SpinUntil(() => disk.Deletions.Pending.Count > 0, TimeSpan.FromSeconds(30)), "The deletion did not start.");
            go.Set();
            other.Join();
            late.Join();
            Assert.NotNull(refused);
        }

        using StoreOnDisk again = new(_folder.Path);

        Assert.Empty(again.RunIds);
        Assert.Empty(Directory.GetFileSystemEntries(again.Paths.RunsDirectory));
    }
}
