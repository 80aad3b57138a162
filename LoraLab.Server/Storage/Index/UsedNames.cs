using System.Collections.Immutable;
using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Storage.Index;

/// <summary>The names of runs, and their colors by method. Immutable: a change returns a new instance.</summary>
internal sealed class UsedNames
{
    private static readonly ImmutableDictionary<string, int> _none = ImmutableDictionary<string, int>.Empty;

    private readonly ImmutableDictionary<string, int> _names;
    private readonly ImmutableDictionary<string, ImmutableDictionary<string, int>> _colors;

    private UsedNames(ImmutableDictionary<string, int> names, ImmutableDictionary<string, ImmutableDictionary<string, int>> colors) =>
        (_names, _colors) = (names, colors);

    public static UsedNames Empty { get; } = new(_none, ImmutableDictionary<string, ImmutableDictionary<string, int>>.Empty);

    public bool Has(string name) => _names.ContainsKey(name);

    /// <summary>Number of a method's runs per color.</summary>
    public IReadOnlyDictionary<string, int> ColorsOf(string method) => _colors.GetValueOrDefault(method, _none);

    /// <summary>Applies an added, changed or removed run.</summary>
    public UsedNames Change(RunDocument? before, RunDocument? after)
    {
        if (before?.Name == after?.Name && before?.Spec.Method == after?.Spec.Method && before?.Color == after?.Color)
        {
            return this;
        }

        ImmutableDictionary<string, int> nextNames = _names;
        ImmutableDictionary<string, ImmutableDictionary<string, int>> nextColors = _colors;
        foreach ((RunDocument? run, int by) in new[] { (before, -1), (after, 1) })
        {
            if (run is not null)
            {
                nextNames = Count(nextNames, run.Name, by);
                ImmutableDictionary<string, int> ofMethod = Count(nextColors.GetValueOrDefault(run.Spec.Method, _none), run.Color, by);
                nextColors = ofMethod.IsEmpty ? nextColors.Remove(run.Spec.Method) : nextColors.SetItem(run.Spec.Method, ofMethod);
            }
        }

        return new UsedNames(nextNames, nextColors);
    }

    private static ImmutableDictionary<string, int> Count(ImmutableDictionary<string, int> counts, string key, int by)
    {
        int count = counts.GetValueOrDefault(key) + by;
        return count == 0 ? counts.Remove(key) : counts.SetItem(key, count);
    }
}
