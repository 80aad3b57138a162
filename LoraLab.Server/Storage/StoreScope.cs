using System.Collections.Immutable;
using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Storage;

/// <summary>
/// What a transaction decides on and writes, said before it begins: the documents that nobody else may change meanwhile. A store in one process has
/// one gate for all and only holds the work to its word; one for several machines locks by it.
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

    /// <summary>All of it.</summary>
    public static StoreScope Everything { get; } = new() { everything = true };

    /// <summary>The queue: whether it is paused, its order, what waits and what comes to it.</summary>
    public static StoreScope Queue { get; } = new() { queue = true };

    /// <summary>One run with its points.</summary>
    public static StoreScope Run(string id) => new() { runs = [id] };

    /// <summary>A study or sweep with its runs, and the names of the others.</summary>
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

    /// <summary>Whether a run may be written: it is named, one of a plan that is, or it waits, before or after, and the queue is ours.</summary>
    public bool HasRun(string id, RunDocument? before, RunDocument? after) =>
        everything
        || runs.Contains(id)
        || (queue && (before is null or { State: RunState.Queued } || after is { State: RunState.Queued }))
        || (before is not null && ((before.StudyId is { } study && experiments.Contains(study)) || (before.SweepId is { } sweep && experiments.Contains(sweep))));

    public override string ToString() => everything ? "everything" : string.Join(", ", (string[])[.. queue ? (string[])["the queue"] : [], .. runs.Select(id => $"run {id}"), .. experiments.Select(id => $"experiment {id}")]);
}
