using System.Globalization;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Adapters;
using LoraLab.Training.Files.Catalog;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Blocks;

namespace LoraLab.Training.Specs;

/// <summary>Which layers of a model a specification adapts, and with which rank: checks of the fields that choose them.</summary>
internal sealed class LayerRules
{
    private readonly RunSpec _spec;
    private readonly LlamaConfig _config;
    private readonly LoraMethod _method;
    private readonly BlockLinear[] _targets;
    private readonly IReadOnlyList<AdaptedLinear> _adapted;
    private readonly string[] _allModules;

    public LayerRules(RunSpec spec, LlamaConfig config, LoraMethod method)
    {
        _method = method;
        (_spec, _config, _targets) = (spec, config, [.. config.AdaptedLinears(spec.TargetModules)]);
        _adapted = AdaptedLinear.Of(spec, config);
        _allModules = [.. ModulesOf(config.Block.Linears)];
    }

    /// <summary>Whether <c>targetModules</c> names any layer of the model, without which nothing else can be checked.</summary>
    public bool HasTargets => _targets.Length > 0;

    private bool LimitsRank => !_method.Descriptor.UnusedFields.Contains("rank") && !_method.AllowsLargeRanks;

    /// <summary>Returns an error per violated rule.</summary>
    public IEnumerable<FieldError> Errors() =>
    [
        .. Layers(),
        .. _spec.ExcludeModules?.Select(Excluded).OfType<FieldError>() ?? [],
        .. Nothing(),
        .. Patterns("rankPattern", _spec.RankPattern),
        .. Patterns("alphaPattern", _spec.AlphaPattern),
        .. LimitsRank ? Smallest().Select(TooLarge).OfType<FieldError>() : [],
    ];

    /// <summary>Returns warnings about a specification without errors.</summary>
    public IEnumerable<string> Warnings() => !LimitsRank ? [] : Smallest().Where(entry => entry.Linear.Rank * 4 > Bound(entry.Linear))
        .Select(entry => $"rank {entry.Linear.Rank} is more than a quarter of the smaller dimension of {entry.Linear.Linear.Name} "
            + $"({Bound(entry.Linear)}), so it is hardly low-rank.");

    private IEnumerable<FieldError> Layers()
    {
        int[] outside = [.. _spec.LayersToTransform?.Where(layer => layer >= _config.Layers) ?? []];
        if (outside.Length > 0)
        {
            yield return new(
                "layersToTransform",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"layersToTransform must list layers of the model, which are 0 to {_config.Layers - 1}; it lists {outside[0]}."));
        }

        int[] twice = [.. _spec.LayersToTransform?.GroupBy(layer => layer).Where(same => same.Count() > 1).Select(same => same.Key) ?? []];
        if (twice.Length > 0)
        {
            yield return new("layersToTransform", $"layersToTransform lists layer {twice[0]} more than once; list it once.");
        }
    }

    private FieldError? Excluded(string name)
    {
        if (ModulesOf(_targets).Any(module => LayerSettings.Names(name, module)))
        {
            return null;
        }

        return new("excludeModules", _allModules.Any(module => LayerSettings.Names(name, module))
            ? $"excludeModules: '{Excerpt.Of(name)}' is not among targetModules ({_spec.TargetModules}), so that it excludes nothing; "
                + "remove it."
            : $"excludeModules: '{Excerpt.Of(name)}' is neither the name of a linear layer of this model nor the end of one"
                + $"{Nearest(name)}.");
    }

    private IEnumerable<FieldError> Nothing()
    {
        if (_adapted.Count == 0 && _spec.ExcludeModules is not null && _targets.Length > 0)
        {
            yield return new(
                "excludeModules",
                _spec.LayersToTransform is null
                    ? "excludeModules excludes every target module, so that there is nothing to train; remove some."
                    : "excludeModules excludes every target module of layersToTransform, so that there is nothing to train; remove some.");
        }
    }

    private IEnumerable<FieldError> Patterns<TValue>(string field, IReadOnlyDictionary<string, TValue>? values)
        where TValue : struct
    {
        if (ModulePatterns<TValue>.Of(values) is not { } patterns)
        {
            yield break;
        }

        HashSet<string?> used = [.. _adapted.Select(linear => patterns.KeyOf(linear.Module))];
        foreach (string key in values!.Keys.Where(key => !used.Contains(key)))
        {
            yield return new(field, $"{field}: '{Excerpt.Of(key)}' {Unused(patterns, key)}.");
        }
    }

    /// <summary>Why no adapted layer has the value of a key, as the predicate of a sentence without a period.</summary>
    private string Unused<TValue>(ModulePatterns<TValue> patterns, string key)
        where TValue : struct
    {
        if (patterns.IsInvalid(key))
        {
            return "is not a regular expression that can be used; name a module or the end of its name";
        }

        if (_adapted.FirstOrDefault(linear => patterns.Matching(linear.Module).Contains(key)) is AdaptedLinear shadowed)
        {
            return $"matches only layers that '{Excerpt.Of(patterns.KeyOf(shadowed.Module)!)}' before it matches, and the first match "
                + "counts; list it first, or remove it";
        }

        return _allModules.FirstOrDefault(module => patterns.Matching(module).Contains(key)) is string other
            ? $"matches only layers that the run does not adapt ({other}); add them to the adapted layers, or remove the key"
            : $"matches no linear layer of this model{Nearest(key)}";
    }

    /// <summary>For <c>rank</c> and each key of <c>rankPattern</c>, the layer with the smallest dimension that has this rank.</summary>
    private IEnumerable<(string? Key, AdaptedLinear Linear)> Smallest() => _adapted
        .GroupBy(linear => ModulePatterns<int>.Of(_spec.RankPattern)?.KeyOf(linear.Module))
        .Select(same => (same.Key, same.MinBy(Bound)!));

    private FieldError? TooLarge((string? Key, AdaptedLinear Linear) entry)
    {
        (int rank, int bound, BlockLinear linear) = (entry.Linear.Rank, Bound(entry.Linear), entry.Linear.Linear);
        string shape = $"{linear.Name} ({linear.Out}×{linear.In})";
        (string field, string name) =
            entry.Key is null ? ("rank", "rank") : ("rankPattern", $"rankPattern: the rank of '{Excerpt.Of(entry.Key)}'");
        if (rank > bound)
        {
            return new(field, $"{name} must be at most {bound}, the smaller dimension of {shape}; it is {rank}.");
        }

        int needed = _method.ComponentsNeeded(rank, _spec.MethodOptions);
        return needed <= bound ? null : new(
            field,
            $"{_method.Id} with rank {rank} needs {needed} components of every layer, but {shape} has {bound}; lower {field} or the "
                + "options of the method that multiply it.");
    }

    private static int Bound(AdaptedLinear linear) => Math.Min(linear.Linear.Out, linear.Linear.In);

    private IEnumerable<string> ModulesOf(IEnumerable<BlockLinear> linears) =>
        linears.SelectMany(linear => Enumerable.Range(0, _config.Layers).Select(linear.ModuleName));

    private string Nearest(string name)
    {
        // The ends of the names, from the shortest on.
        string[] ends = [.. _allModules.SelectMany(module =>
            Enumerable.Range(0, module.Length).Where(i => i == 0 || module[i - 1] == '.').Select(i => module[i..]).Reverse()).Distinct()];
        string[] shortest = [.. ends.OrderBy(end => end.Length)];
        string? longer = shortest.FirstOrDefault(end => end.EndsWith(name, StringComparison.Ordinal));
        return (NearestName.Of(name, shortest) ?? longer) is string close
            ? $"; did you mean '{close}'?"
            : $"; its layers are {string.Join(", ", _config.Block.Linears.Select(linear => linear.Name))}";
    }
}
