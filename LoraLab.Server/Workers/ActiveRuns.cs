using System.Collections.Concurrent;

namespace LoraLab.Server.Workers;

/// <summary>The runs that this server is executing.</summary>
internal sealed class ActiveRuns
{
    private readonly ConcurrentDictionary<string, ActiveRun> _active = new();

    /// <summary>Raised with the id of a run whose execution begins.</summary>
    public event Action<string>? Added;

    public IReadOnlyCollection<ActiveRun> All => [.. _active.Values];

    public IReadOnlyCollection<string> Ids => [.. _active.Keys];

    public ActiveRun Add(string runId)
    {
        ActiveRun run = new(() => _active.TryRemove(runId, out _));
        _active[runId] = run;
        Added?.Invoke(runId);
        return run;
    }

    /// <summary>The execution of a run; null: it is not executed here.</summary>
    public ActiveRun? Find(string runId) => _active.GetValueOrDefault(runId);

    /// <summary>Kills the run's worker, if there is one.</summary>
    public void Kill(string runId)
    {
        if (_active.TryGetValue(runId, out ActiveRun? run))
        {
            run.Kill();
        }
    }

    /// <summary>Requests that the run's worker stop, if there is one.</summary>
    public void Cancel(string runId)
    {
        if (_active.TryGetValue(runId, out ActiveRun? run))
        {
            run.Cancel();
        }
    }
}
