using System.Collections.Concurrent;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Storage;

namespace LoraLab.Tests.Server.Storage;

/// <summary>An open store with its live events and changes. It executes every transaction's work twice.</summary>
internal abstract class OpenStore : IDisposable
{
    public abstract IRunStore Store { get; }

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

    public abstract void Dispose();

    private void Do(Action<IStoreTransaction> work) => Store.Transact(StoreScope.Everything, work);

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
