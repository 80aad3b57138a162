using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Storage;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Storage;

/// <summary>A clock that is set back or forward: later things stay later.</summary>
public sealed class ClockTests : IDisposable
{
    private static readonly DateTimeOffset _now = new(2026, 5, 4, 12, 0, 0, TimeSpan.Zero);

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<double> Leaps => [-3650, -1, -0.01, 30, 3650, 36_500];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Leaps))]
    public void Ids_ClockLeaps_StayAboveTheEarlierOnes(double days)
    {
        SetClock clock = new(_now);
        using StoreOnDisk disk = new(_folder.Path, clock);
        RunIds ids = new(clock, disk.Store);
        string[] given = [.. Enumerable.Range(0, 5).Select(_ => ids.Next())];
        clock.Now = _now.AddDays(days);
        string[] later = [.. Enumerable.Range(0, 5).Select(_ => ids.Next())];

        string[] all = [.. given, .. later];
        Assert.Equal(all.Order(StringComparer.Ordinal), all);
        Assert.Equal(all.Length, all.Distinct().Count());
    }

    [Fact]
    public void Now_TransactionThatWaitedForAnother_IsNotBeforeIt()
    {
        SetClock clock = new(_now);
        using StoreOnDisk disk = new(_folder.Path, clock);
        using ManualResetEventSlim inside = new(), go = new();
        DateTimeOffset waited = default;
        Thread first = new(() => disk.Store.Transact(StoreScope.Everything, _ =>
        {
            inside.Set();
            go.Wait();
        }));
        Thread second = new(() => waited = disk.Store.Transact(StoreScope.Everything, transaction => transaction.Now));
        first.Start();
        inside.Wait(TestContext.Current.CancellationToken);
        second.Start();
        SpinWait.SpinUntil(() => second.ThreadState.HasFlag(System.Threading.ThreadState.WaitSleepJoin), TimeSpan.FromSeconds(30));
        clock.Now = _now.AddMinutes(1);
        go.Set();
        first.Join();
        second.Join();

        Assert.Equal(_now.AddMinutes(1), waited);
    }

    [Theory]
    [MemberData(nameof(Leaps))]
    public void Restart_ClockLeapt_KeepsIdsOrderOfTheQueueAndNumbersOfEvents(double days)
    {
        SetClock clock = new(_now);
        string first;
        long seq;
        using (StoreOnDisk disk = new(_folder.Path, clock))
        {
            first = Submit(disk, clock);
            disk.Emit(first, 3);
            seq = disk.Store.Seq;
        }

        clock.Now = _now.AddDays(days);
        using StoreOnDisk again = new(_folder.Path, clock);
        string second = Submit(again, clock);
        again.Emit(second, 1);

        Assert.True(string.CompareOrdinal(first, second) < 0, $"{second} sorts before {first}.");
        Assert.Equal([first, second], again.Store.QueuePage().Waiting.Select(run => run.Document.Id));
        Assert.Equal([second, first], again.Store.List(RunFilter.All, RunSort.TryParse(null)!, 2).Documents.Select(run => run.Id));
        Assert.Equal(seq + 1, again.Store.Seq);
        Assert.True(again.Store.ReadEvents(seq).Complete);
    }

    [Theory]
    [MemberData(nameof(Leaps))]
    public void Restart_ClockLeapt_StillKnowsItsAnswers(double days)
    {
        SetClock clock = new(_now);
        using (StoreOnDisk disk = new(_folder.Path, clock))
        {
            string id = Submit(disk, clock);
            disk.Store.Transact(StoreScope.Queue, transaction =>
                transaction.PutResponse(new StoredResponse("key", "hash", id, "{}", transaction.Now)));
        }

        clock.Now = _now.AddDays(days);
        using StoreOnDisk again = new(_folder.Path, clock);

        Assert.Equal("hash", again.Store.FindResponse("key")?.BodyHash);
    }

    private static string Submit(StoreOnDisk disk, TimeProvider clock)
    {
        string id = new RunIds(clock, disk.Store).Next();
        RunDocument document = StoreOnDisk.Run(id).Document with { CreatedAt = clock.GetUtcNow() };
        disk.Store.Transact(StoreScope.Queue, transaction =>
            transaction.Put(new StoredRun { Document = document, Position = transaction.QueueEnds().Tail }));
        return id;
    }

    /// <summary>A wall clock that a test sets.</summary>
    private sealed class SetClock(DateTimeOffset now) : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = now;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
