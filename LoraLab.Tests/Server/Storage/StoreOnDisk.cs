using System.Collections.Concurrent;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.LiteDb;
using LoraLab.Server.Storage.Records;
using LoraLab.Server.Storage.Recovery;
using LoraLab.Server.Storage.RunDirectories;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace LoraLab.Tests.Server.Storage;

/// <summary>A store in a folder, with its log and its live events.</summary>
internal sealed class StoreOnDisk : IDisposable
{
    private readonly DataDirectoryLock _directoryLock;

    public StoreOnDisk(string folder, TimeProvider? clock = null)
    {
        IOptions<LoraLabOptions> options =
            Options.Create(new LoraLabOptions { DataDirectory = "data", DiskReserveMb = 0, RepeatTransactions = true });
        Paths = new(new HostingEnvironment { ContentRootPath = folder }, options);
        _directoryLock = new DataDirectoryLock(Paths);
        Records = new RunRecords(Paths, NullLogger<RunRecords>.Instance);
        ExperimentRecords = new ExperimentRecords(Paths, NullLogger<ExperimentRecords>.Instance);
        Deletions = new RunDeletions(Paths, Folders, NullLogger<RunDeletions>.Instance);
        Store = new LiteDbRunStore(Paths, _directoryLock, Sink, Changes, Records, ExperimentRecords, new StoreStateFile(Paths),
            new DiskReserve(Paths, options, NullLogger<DiskReserve>.Instance), options, clock ?? TimeProvider.System, Log);
        new RunReconciler(
            Store,
            Records,
            ExperimentRecords,
            Deletions,
            new RunRebuilder(Store, Records, Paths),
            Paths,
            NullLogger<RunReconciler>.Instance).Run();
    }

    public LoraLabPaths Paths { get; }

    public RunRecords Records { get; }

    public ExperimentRecords ExperimentRecords { get; }

    public RunDirectoryLocks Folders { get; } = new();

    public RunDeletions Deletions { get; }

    public RecordedLog Log { get; } = new();

    /// <summary>Executes every transaction's work twice, and fails if the results differ.</summary>
    public LiteDbRunStore Store { get; }

    /// <summary>The ids of all runs, in order.</summary>
    public IEnumerable<string> RunIds => Store.Enumerate(RunFilter.All).Select(run => run.Document.Id);

    public StoreChanges Changes { get; } = new();

    public RecordingSink Sink { get; } = new();

    public static StoredRun Run(string id) => new()
    {
        Document =
            new RunDocument { Id = id, Name = id, Color = "#000000", Spec = new RunSpec(), CreatedAt = TimeProvider.System.GetUtcNow() },
    };

    public void Put(string id)
    {
        StoredRun run = Run(id);
        Do(transaction => transaction.Put(run));
    }

    public void AddPoints(string id, IEnumerable<MetricPoint> points) => Do(transaction => transaction.AddPoints(id, [.. points]));

    public void Emit(string id, int count) => Do(transaction =>
    {
        for (int i = 0; i < count; i++)
        {
            transaction.Emit(id, LiveEventTypes.RunProgress, i);
        }
    });

    public void Dispose()
    {
        Store.Dispose();
        _directoryLock.Dispose();
    }

    private void Do(Action<IStoreTransaction> work) => Store.Transact(StoreScope.Everything, work);

    /// <summary>Records log messages.</summary>
    internal sealed class RecordedLog : ILogger<LiteDbRunStore>
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Add(formatter(state, exception));
    }

    /// <summary>Records event numbers in the order of their arrival.</summary>
    internal sealed class RecordingSink : ILiveSink
    {
        private readonly ConcurrentQueue<long> _seqs = new();

        public IEnumerable<long> Seqs => _seqs;

        public void Publish(IReadOnlyList<LiveEvent> events)
        {
            foreach (LiveEvent live in events)
            {
                _seqs.Enqueue(live.Seq);
            }
        }
    }
}
