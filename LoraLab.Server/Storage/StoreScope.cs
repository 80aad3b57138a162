using System.Collections.Immutable;
using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Storage;

/// <summary>
/// The documents that a transaction reads and writes, declared in advance: no other transaction may change them meanwhile. A store in one
/// process has one lock for all and only verifies the declaration; one for several machines would lock by it.
/// </summary>
internal sealed record StoreScope
{
    private bool _everything;
    private bool _queue;
    private bool _claim;
    private ImmutableHashSet<string> _attempts = [];
    private ImmutableHashSet<string> _runs = [];
    private ImmutableHashSet<string> _experiments = [];

    private StoreScope()
    {
    }

    /// <summary>All documents.</summary>
    public static StoreScope Everything { get; } = new() { _everything = true };

    /// <summary>The queue: its paused state, its order, and queued and new runs.</summary>
    public static StoreScope Queue { get; } = new() { _queue = true };

    /// <summary>One queued run that this node takes.</summary>
    public static StoreScope Claim { get; } = new() { _claim = true };

    public bool HasQueue => _everything || _queue;

    /// <summary>Whether a run may be taken from the queue.</summary>
    public bool HasClaim => HasQueue || _claim;

    public bool HasEverything => _everything;

    /// <summary>Whether it includes any study or sweep.</summary>
    public bool HasExperiments => _everything || !_experiments.IsEmpty;

    /// <summary>The single runs that it includes.</summary>
    public IReadOnlyCollection<string> RunIds => _runs;

    /// <summary>The runs among them that may only be written while this node executes them.</summary>
    public IReadOnlyCollection<string> AttemptIds => _attempts;

    public static StoreScope operator +(StoreScope one, StoreScope other) => new()
    {
        _everything = one._everything || other._everything,
        _queue = one._queue || other._queue,
        _claim = one._claim || other._claim,
        _attempts = one._attempts.Union(other._attempts),
        _runs = one._runs.Union(other._runs),
        _experiments = one._experiments.Union(other._experiments),
    };

    /// <summary>One run with its metric points.</summary>
    public static StoreScope Run(string id) => new() { _runs = [id] };

    /// <summary>
    /// One run with its metric points, while this node executes it: the transaction is refused with <see cref="Leases.LeaseLostException"/>
    /// once another node may continue the run.
    /// </summary>
    public static StoreScope Attempt(string id) => new() { _runs = [id], _attempts = [id] };

    /// <summary>Several runs with their metric points.</summary>
    public static StoreScope Runs(IEnumerable<string> ids) => new() { _runs = [.. ids] };

    /// <summary>A study or sweep with its runs, and the names of all others.</summary>
    public static StoreScope Experiment(string id) => new() { _experiments = [id] };

    public bool HasExperiment(string id) => _everything || _experiments.Contains(id);

    /// <summary>
    /// Whether a run may be written: the scope includes it or its experiment, or it is queued before or after and the scope includes the
    /// queue.
    /// </summary>
    public bool HasRun(string id, RunDocument? before, RunDocument? after) =>
        _everything
        || _runs.Contains(id)
        || (_claim && before is { State: RunState.Queued })
        || (_queue && (before is null or { State: RunState.Queued } || after is { State: RunState.Queued }))
        || (before is not null && ((before.StudyId is { } study && _experiments.Contains(study))
            || (before.SweepId is { } sweep && _experiments.Contains(sweep))));

    public override string ToString() => _everything ? "everything" : string.Join(", ", (string[])
    [
        .. _queue ? (string[])["the queue"] : [],
        .. _claim ? (string[])["a run of the queue"] : [],
        .. _runs.Select(id => $"run {id}"),
        .. _experiments.Select(id => $"experiment {id}"),
    ]);
}
