using LoraLab.Contracts.Metrics;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Storage.LiteDb;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Storage;

/// <summary>A disk that is full when LiteDB checkpoints its log.</summary>
public sealed class FullLogTests
{
    /// <summary>LiteDB's own threshold, in pages of 8 KiB.</summary>
    private const long CheckpointBytes = 1000 * 8192;

    [Fact]
    public void Commit_NoRoomForTheCheckpointBehindIt_WhatIsStoredCanBeReadAndRoomMakesItGood()
    {
        using SmallDisk disk = new(48);
        StoreOnDisk store = new(disk.Path);
        string log = DatabaseFile.LogOf(store.Paths.Database);
        store.Put("aaaa");
        store.AddPoints("aaaa", [new MetricPoint(MetricKeys.TrainLoss, 1, 2)]);
        while (new FileInfo(log).Length < CheckpointBytes - (128 << 10))
        {
            store.Emit("aaaa", 50);
        }

        disk.Fill(leave: 256 << 10);
        Exception refused = Assert.ThrowsAny<Exception>(() =>
        {
            for (int i = 0; i < 100; i++)
            {
                store.Emit("aaaa", 20);
            }
        });

        Assert.True(StorageFailure.Is(refused), refused.ToString());
        Assert.True(new FileInfo(log).Length > CheckpointBytes, "There was no space even for the log, which is another case.");
        Assert.Equal([2], store.Store.ReadSeries("aaaa", null)[MetricKeys.TrainLoss].Y);
        Assert.True(store.Store.ReadEvents(store.Store.Seq).Complete);

        // A new server has no free space either.
        store.Dispose();
        using StoreOnDisk again = new(disk.Path);
        Assert.Equal([2], again.Store.ReadSeries("aaaa", null)[MetricKeys.TrainLoss].Y);

        disk.Free();
        long seq = again.Store.Seq;
        again.Emit("aaaa", 1);
        Assert.Equal(seq + 1, again.Store.Seq);
    }
}
