using System.Collections.Immutable;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage.Index;

/// <summary>The run ids per filterable value. Immutable: a change returns a new instance.</summary>
internal sealed class RunFacets
{
    private static readonly ImmutableSortedSet<string> _noIds = ImmutableSortedSet<string>.Empty.WithComparer(StringComparer.Ordinal);

    private readonly ImmutableDictionary<Facet, ImmutableSortedSet<string>> _ids;

    private RunFacets(ImmutableDictionary<Facet, ImmutableSortedSet<string>> ids) => _ids = ids;

    public static RunFacets Empty { get; } = new(ImmutableDictionary<Facet, ImmutableSortedSet<string>>.Empty);

    /// <summary>Applies an added, changed or removed run.</summary>
    public RunFacets Change(RunDocument? before, RunDocument? after)
    {
        HashSet<Facet> had = before is null ? [] : [.. Facet.Of(before)];
        HashSet<Facet> has = after is null ? [] : [.. Facet.Of(after)];
        if (had.SetEquals(has))
        {
            return this;
        }

        ImmutableDictionary<Facet, ImmutableSortedSet<string>> changed = _ids;
        foreach (Facet gone in had.Except(has))
        {
            ImmutableSortedSet<string> left = changed[gone].Remove(before!.Id);
            changed = left.IsEmpty ? changed.Remove(gone) : changed.SetItem(gone, left);
        }

        foreach (Facet come in has.Except(had))
        {
            changed = changed.SetItem(come, Ids(changed, come).Add(after!.Id));
        }

        return new RunFacets(changed);
    }

    public ImmutableSortedSet<string> Ids(Facet facet) => Ids(_ids, facet);

    /// <summary>
    /// Per criterion of the filter, disjoint sets of ids; a run matches if one of the sets contains it. Criteria without sets
    /// (text) are not included.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<ImmutableSortedSet<string>>> SetsFor(RunFilter filter) =>
    [
        .. One(filter.States?.Select(Facet.State)),
        .. One(filter.Methods?.Select(Facet.Method)),
        .. filter.Tags?.Select(tag => (IReadOnlyList<ImmutableSortedSet<string>>)[Ids(Facet.Tag(tag))]) ?? [],
        .. One(string.IsNullOrEmpty(filter.StudyId) ? null : [Facet.Study(filter.StudyId)]),
        .. One(string.IsNullOrEmpty(filter.SweepId) ? null : [Facet.Sweep(filter.SweepId)]),
        .. One(filter.Alias is null ? null : [Facet.Alias(filter.Alias)]),
        .. One(filter.ParentId is null ? null : [Facet.Parent(filter.ParentId)]),
        .. One(filter.Trained is { } trained ? [Facet.Trained(trained.Model, trained.Dataset)] : null),
    ];

    private IEnumerable<IReadOnlyList<ImmutableSortedSet<string>>> One(IEnumerable<Facet>? facets) =>
        facets is null ? [] : [[.. facets.Select(Ids)]];

    private static ImmutableSortedSet<string> Ids(ImmutableDictionary<Facet, ImmutableSortedSet<string>> ids, Facet facet) =>
        ids.GetValueOrDefault(facet, _noIds);

    /// <summary>A filterable value of a run.</summary>
    internal readonly record struct Facet(char Kind, string Value, string More)
    {
        public static Facet State(RunState state) => new('s', state.ToString(), "");

        public static Facet Method(string method) => new('m', method, "");

        public static Facet Tag(string tag) => new('t', tag, "");

        public static Facet Study(string id) => new('y', id, "");

        public static Facet Sweep(string id) => new('w', id, "");

        public static Facet Alias(string alias) => new('a', alias, "");

        public static Facet Parent(string id) => new('p', id, "");

        public static Facet Trained(string model, string dataset) => new('d', model, dataset);

        public static IEnumerable<Facet> Of(RunDocument run) =>
        [
            State(run.State), Method(run.Spec.Method), Trained(run.Spec.Model, run.Spec.Dataset), .. run.Tags.Select(Tag),
            .. run.Aliases.Select(Alias), .. RunFilter.ParentsOf(run).Select(Parent),
            .. run.StudyId is null ? (Facet[])[] : [Study(run.StudyId)], .. run.SweepId is null ? (Facet[])[] : [Sweep(run.SweepId)],
        ];
    }
}
