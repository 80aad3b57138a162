using System.Collections.Immutable;
using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Storage;

/// <summary>
/// The documents that a transaction reads and writes, declared in advance: no other transaction may change them meanwhile. A store in one
/// process has one lock for all and only verifies the declaration; one for several machines would lock by it.
/// </summary>
internal sealed record StoreScope
{
    private bool everything;
    private bool queue;
    private ImmutableHashSet<string> runs = [];
    private ImmutableHashSet<string> experiments = [];

    private StoreScope()
    {
    }

    /// <summary>All documents.</summary>
    public static StoreScope Everything { get; } = new() { everything = true };

    /// <summary>The queue: its paused state, its order, and queued and new runs.</summary>
    public static StoreScope Queue { get; } = new() { queue = true };

    /// <summary>One run with its metric points.</summary>
    public static StoreScope Run(string id) => new() { runs = [id] };

    /// <summary>A study or sweep with its runs, and the names of all others.</summary>
    public static StoreScope Experiment(string id) => new() { experiments = [id] };

    public static StoreScope operator +(StoreScope one, StoreScope other) => new()
    {
        everything = one.everything || other.everything,
        queue = one.queue || other.queue,
        runs = one.runs.Union(other.runs),
        experiments = one.experiments.Union(other.experiments),
    };

    public bool HasQueue => everything || queue;

    public bool HasEverything => everything;

    public bool HasExperiment(string id) => everything || experiments.Contains(id);

    /// <summary>
    /// Whether a run may be written: the scope includes it or its experiment, or it is queued before or after and the scope includes the
    /// queue.
    /// </summary>
    public bool HasRun(string id, RunDocument? before, RunDocument? after) =>
        everything
        || runs.Contains(id)
        || (queue && (before is null or { State: RunState.Queued } || after is { State: RunState.Queued }))
        || (before is not null && ((before.StudyId is { } study && experiments.Contains(study)) || (before.SweepId is { } sweep && experiments.Contains(sweep))));

    public override string ToString() => everything ? "everything" : string.Join(", ", (string[])[.. queue ? (string[])["the queue"] : [], .. runs.Select(id => $"run {id}"), .. experiments.Select(id => $"experiment {id}")]);
}
