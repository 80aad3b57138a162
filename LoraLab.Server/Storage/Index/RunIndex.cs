using System.Collections.Immutable;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage.Index;

/// <summary>
/// All run documents, indexed for lists, the queue and submissions. Immutable: a change returns a new index that shares the unchanged
/// parts.
/// </summary>
internal sealed class RunIndex
{
    private readonly ImmutableDictionary<string, StoredRun> _runs;
    private readonly ImmutableDictionary<string, FieldIndex> _fields;
    private readonly RunFacets _facets;

    private RunIndex(
        ImmutableDictionary<string, StoredRun> runs,
        ImmutableDictionary<string, FieldIndex> fields,
        RunFacets facets,
        WaitingRuns waiting,
        UsedNames names) =>
        (_runs, _fields, _facets, Waiting, Names) = (runs, fields, facets, waiting, names);

    public WaitingRuns Waiting { get; }

    public UsedNames Names { get; }

    public int Count => _runs.Count;

    public static RunIndex Create(IEnumerable<StoredRun> all)
    {
        ImmutableDictionary<string, StoredRun> runs = all.ToImmutableDictionary(run => run.Document.Id);
        RunFacets facets = RunFacets.Empty;
        WaitingRuns waiting = WaitingRuns.Empty;
        UsedNames names = UsedNames.Empty;
        foreach (StoredRun run in runs.Values)
        {
            (facets, waiting, names) = (facets.Change(null, run.Document), waiting.Change(null, run), names.Change(null, run.Document));
        }

        return new RunIndex(
            runs,
            RunSort.FieldNames.ToImmutableDictionary(field => field, field =>
                FieldIndex.Create([.. runs.Values.Select(run => RunSort.By(field).KeyOf(run.Document))])),
            facets,
            waiting,
            names);
    }

    public StoredRun? Find(string id) => _runs.GetValueOrDefault(id);

    /// <summary>The index with a run added or replaced.</summary>
    public RunIndex With(StoredRun run) => Change(_runs.SetItem(run.Document.Id, run), Find(run.Document.Id), run);

    public RunIndex Without(string id) => Find(id) is { } gone ? Change(_runs.Remove(id), gone, null) : this;

    public RunPage List(RunFilter filter, RunSort sort, RunSort.Key? after, int limit) =>
        new RunPages(_runs, _facets, _fields).Find(filter, sort, after, limit);

    public int CountOf(RunState state) => _facets.Ids(RunFacets.Facet.State(state)).Count;

    /// <summary>The runs in a state, in submission order.</summary>
    public IEnumerable<StoredRun> InState(RunState state) => _facets.Ids(RunFacets.Facet.State(state)).Select(id => _runs[id]);

    /// <summary>The runs that belong to a study or sweep.</summary>
    public IEnumerable<StoredRun> RunsOf(bool study, string id) =>
        _facets.Ids(study ? RunFacets.Facet.Study(id) : RunFacets.Facet.Sweep(id)).Select(run => _runs[run]);

    private RunIndex Change(ImmutableDictionary<string, StoredRun> all, StoredRun? before, StoredRun? after) =>
        new(
            all,
            Fields(before?.Document, after?.Document),
            _facets.Change(before?.Document, after?.Document),
            Waiting.Change(before, after),
            Names.Change(before?.Document, after?.Document));

    private ImmutableDictionary<string, FieldIndex> Fields(RunDocument? before, RunDocument? after)
    {
        ImmutableDictionary<string, FieldIndex> changed = _fields;
        foreach ((string name, FieldIndex field) in _fields)
        {
            RunSort order = RunSort.By(name);
            FieldIndex next = field.Change(before is null ? null : order.KeyOf(before), after is null ? null : order.KeyOf(after));
            changed = ReferenceEquals(next, field) ? changed : changed.SetItem(name, next);
        }

        return changed;
    }
}
