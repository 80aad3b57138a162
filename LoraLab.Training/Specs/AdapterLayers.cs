using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters;
using LoraLab.Training.Adapters.Peft;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Blocks;

namespace LoraLab.Training.Specs;

/// <summary>The fields of a specification that fit an adapter: method, layers, ranks and alphas of its modules.</summary>
internal static class AdapterLayers
{
    /// <summary>Returns a specification with the method, layers, ranks and alphas of an adapter.</summary>
    /// <param name="spec">The specification.</param>
    /// <param name="adapter">The adapter.</param>
    /// <param name="config">The model.</param>
    public static RunSpec Of(RunSpec spec, PeftAdapter adapter, LlamaConfig config)
    {
        RunSpec all = spec with
        {
            TargetModules = TargetModules.Of(adapter.Targets),
            LayersToTransform = null,
            ExcludeModules = null,
            RankPattern = null,
            AlphaPattern = null,
        };
        ILookup<int, AdaptedLinear> blocks = AdaptedLinear.Of(all, config).ToLookup(linear => linear.Block);
        int[] layers = [.. blocks.Where(block => block.Any(Has)).Select(block => block.Key)];
        string[] missing =
            [.. layers.SelectMany(block => blocks[block]).Where(linear => !Has(linear)).Select(linear => linear.Module)];
        RunSpec some = all with
        {
            LayersToTransform = layers.Length < config.Layers && layers.Length > 0 ? layers : null,
            ExcludeModules = missing.Length > 0 ? missing : null,
        };
        return WithRanks(some, adapter);

        bool Has(AdaptedLinear linear) => adapter.Modules.ContainsKey(linear.Module);
    }

    /// <summary>With the adapter's own patterns, unless they do not give the ranks and scalings of its modules.</summary>
    private static RunSpec WithRanks(RunSpec spec, PeftAdapter adapter)
    {
        PeftConfig config = adapter.Config;
        // Layers that were pruned keep the scaling of the rank with which they started.
        bool pruned = config.Registered.Peft.Pruned;
        RunSpec own = spec with
        {
            Method = config.Method,
            MethodOptions = config.Options,
            // Some methods have no rank or no alpha.
            Rank = Math.Max(config.Rank, 1),
            Alpha = config.Alpha > 0 ? config.Alpha : 1,
            RankStabilized = config.RankStabilized,
            RankPattern = pruned
                ? null
                : Used(config.RankPattern, adapter)?.ToDictionary(pattern => pattern.Key, pattern => (int)pattern.Value),
            AlphaPattern = Used(config.AlphaPattern, adapter)?.ToDictionary(),
        };
        if (pruned || adapter.Modules.All(module => LayerSettings.Rank(own, module.Key) == module.Value.Rank
            && AdapterScaling.Of(own, module.Key) == module.Value.Scaling))
        {
            return own;
        }

        // The configuration states no rank: that of each module follows from its tensors.
        return own with
        {
            RankPattern = adapter.Modules.Where(module => module.Value.Rank != config.Rank)
                .ToDictionary(module => module.Key, module => module.Value.Rank),
        };
    }

    /// <summary>The keys that a module has, in their order; null: none.</summary>
    private static List<KeyValuePair<string, double>>? Used(IReadOnlyDictionary<string, double>? pattern, PeftAdapter adapter)
    {
        HashSet<string?> used = [.. adapter.Modules.Keys.Select(module => ModulePatterns<double>.Of(pattern)?.KeyOf(module))];
        return pattern?.Where(entry => used.Contains(entry.Key)).ToList() is { Count: > 0 } some ? some : null;
    }
}
