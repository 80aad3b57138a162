using LoraLab.Server.Infrastructure;
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
internal sealed class StoreOnDisk : OpenStore
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

    public override LiteDbRunStore Store { get; }

    public override void Dispose()
    {
        Store.Dispose();
        _directoryLock.Dispose();
    }

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
}
