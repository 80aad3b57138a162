using LoraLab.Contracts.Worker;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Workers;

/// <summary>
/// Imports what the workers of a node report, of all of its runs in one transaction, at most twice per second: a database that many nodes
/// share has as many transactions as nodes have progress, not as workers have events.
/// </summary>
internal sealed class ImportGroups(IRunStore store, TimeProvider time)
{
    private static readonly TimeSpan _interval = TimeSpan.FromSeconds(0.5);

    private readonly Lock _gate = new();
    private List<WaitingImport> _waiting = [];
    private long? _last;
    private bool _pumping;

    /// <summary>Imports events of a run together with those of others; returns when they are stored.</summary>
    /// <returns>Whether they changed something.</returns>
    /// <exception cref="Storage.Leases.LeaseLostException">Another node may continue the run.</exception>
    /// <exception cref="StoreWentBackException">The store has lost events that it had.</exception>
    public bool Import(string runId, IReadOnlyList<WorkerEvent> events, long stored)
    {
        WaitingImport import = new(runId, events, stored);
        lock (_gate)
        {
            _waiting.Add(import);
            if (!_pumping)
            {
                _pumping = true;
                _ = Task.Run(PumpAsync);
            }
        }

        return import.Stored.Task.GetAwaiter().GetResult();
    }

    private async Task PumpAsync()
    {
        while (true)
        {
            if (_last is long last && _interval - time.GetElapsedTime(last) is { Ticks: > 0 } rest)
            {
                await Task.Delay(rest, time);
            }

            List<WaitingImport> group;
            lock (_gate)
            {
                (group, _waiting) = (_waiting, []);
                if (group.Count == 0)
                {
                    _pumping = false;
                    return;
                }
            }

            _last = time.GetTimestamp();
            Store(group);
        }
    }

    private void Store(List<WaitingImport> group)
    {
        if (group.Count > 1 && TryStore(group) is null)
        {
            return;
        }

        // One of them alone is refused, or the only one is.
        foreach (WaitingImport import in group)
        {
            if (TryStore([import]) is { } error)
            {
                import.Stored.SetException(error);
            }
        }
    }

    /// <summary>Stores imports in one transaction; what went wrong, or null.</summary>
    private Exception? TryStore(List<WaitingImport> group)
    {
        try
        {
            bool[] changed = store.Transact(
                group.Select(import => StoreScope.Attempt(import.RunId)).Aggregate((one, other) => one + other),
                transaction => (bool[])
                    [.. group.Select(import => RunImporter.Apply(transaction, import.RunId, import.Events, import.StoredBefore))]);
            for (int i = 0; i < group.Count; i++)
            {
                group[i].Stored.SetResult(changed[i]);
            }

            return null;
        }
        catch (Exception error)
        {
            return error;
        }
    }

    private sealed record WaitingImport(string RunId, IReadOnlyList<WorkerEvent> Events, long StoredBefore)
    {
        public TaskCompletionSource<bool> Stored { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
