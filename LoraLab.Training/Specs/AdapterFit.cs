using System.Globalization;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters;
using LoraLab.Training.Adapters.Peft;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Blocks;

namespace LoraLab.Training.Specs;

/// <summary>Compares the adapter of <c>initFrom</c> with the layers that a run adapts.</summary>
internal static class AdapterFit
{
    /// <summary>Why the adapter does not fit, with the remedy, as the predicate of a sentence without a period; null: it fits.</summary>
    public static string? Problem(RunSpec spec, LlamaConfig config, PeftAdapter adapter)
    {
        if (!PeftMethods.Fits(LoraMethods.Find(spec.Method)!, adapter.Config))
        {
            return $"is of the method {adapter.Config.Method}, whose tensors {spec.Method} does not have; set method to "
                + $"{adapter.Config.Method}, or use another adapter";
        }

        bool pruned = adapter.Config.Registered.Peft.Pruned;
        Dictionary<string, AdaptedLinear> layers = AdaptedLinear.Of(spec, config).ToDictionary(adapted => adapted.Module);
        LoraMethod method = LoraMethods.Find(spec.Method)!;
        bool differ = method.RanksDiffer(spec.MethodOptions);
        return (pruned ? StartingRank(spec, adapter) : differ ? null : OneRank(spec, adapter))
            ?? Targets(layers.Values, adapter, differ)
            ?? Missing(
                adapter.Modules.Keys.Where(module => !layers.ContainsKey(module)), "has factors for {0}, which the run does not adapt")
            // A layer may have got no rank.
            ?? Missing(
                layers.Keys.Where(module => !differ && !adapter.Modules.ContainsKey(module)),
                "has no factors for {0}, which the run adapts")
            ?? adapter.Modules.Where(module => !(pruned && module.Value.Rank < layers[module.Key].Rank))
                .Select(module => differ
                    ? MostRank(module.Key, module.Value, method.ComponentsNeeded(layers[module.Key].Rank, spec.MethodOptions))
                    : Rank(module.Key, module.Value, layers[module.Key].Rank))
                .FirstOrDefault(problem => problem is not null)
            ?? adapter.Modules.Select(module => Shape(module.Key, module.Value, layers[module.Key].Linear, adapter))
                .FirstOrDefault(problem => problem is not null);
    }

    /// <summary>The warning if the run scales the factors otherwise than the adapter's own configuration; null: it does not.</summary>
    public static string? ScalingWarning(RunSpec spec, PeftAdapter adapter)
    {
        (double Own, double Run)[] other =
        [
            .. adapter.Modules.Select(module => (Own: module.Value.Scaling, Run: AdapterScaling.Of(spec, module.Key)))
                .Where(scaling => Math.Abs(scaling.Own - scaling.Run) > 1e-9 * scaling.Run).Distinct().Order(),
        ];
        return other.Length == 0 ? null : string.Create(
            CultureInfo.InvariantCulture,
            $"was trained with the scaling s = {Numbers(other.Select(scaling => scaling.Own))} (lora_alpha {Number(adapter.Config.Alpha)}"
                + $"{(adapter.Config.RankStabilized ? ", use_rslora" : "")}), but the run uses "
                + $"s = {Numbers(other.Select(scaling => scaling.Run))}, which changes what its factors add to the weights; set "
                + $"{(adapter.Config.AlphaPattern is { Count: > 0 } ? "alpha, alphaPattern" : "alpha")} and rankStabilized as in the "
                + $"adapter to continue it unchanged.");
    }

    private static string Number(double value) => value.ToString("0.####", CultureInfo.InvariantCulture);

    private static string Numbers(IEnumerable<double> values) => string.Join(", ", values.Distinct().Order().Select(Number));

    /// <summary>A rank that is the same for all modules in the adapter and in the run, but another one.</summary>
    private static string? OneRank(RunSpec spec, PeftAdapter adapter) =>
        spec.RankPattern is null && adapter.Ranks is [int rank] && rank != spec.Rank
            ? $"has rank {rank}, but the run has rank {spec.Rank}; set rank to {rank}"
            : null;

    private static string? StartingRank(RunSpec spec, PeftAdapter adapter) => adapter.Config.Rank == spec.Rank
        ? null
        : $"started with rank {adapter.Config.Rank}, but the run has rank {spec.Rank}; set rank to {adapter.Config.Rank}";

    private static string? Rank(string module, PeftModule factors, int rank) => factors.Rank == rank
        ? null
        : $"has rank {factors.Rank} for '{module}', but the run has rank {rank} there; set rank and rankPattern as in the adapter";

    private static string? MostRank(string module, PeftModule factors, int most) => factors.Rank <= most
        ? null
        : $"has rank {factors.Rank} for '{module}', but the method gives that layer at most {most}; use an adapter of lower ranks";

    private static string? Targets(IEnumerable<AdaptedLinear> layers, PeftAdapter adapter, bool mayLack)
    {
        string[] run = [.. layers.Select(adapted => adapted.Linear.Name).Distinct().Order(StringComparer.Ordinal)];
        return run.SequenceEqual(adapter.Targets) || (mayLack && adapter.Targets.All(run.Contains))
            ? null
            : $"adapts {Excerpt.Of(adapter.Targets)}, but the run adapts {string.Join(", ", run)}; targetModules must match the adapter";
    }

    private static string? Missing(IEnumerable<string> modules, string problem)
    {
        string[] all = [.. modules.Order(StringComparer.Ordinal)];
        return all.Length == 0
            ? null
            : string.Format(CultureInfo.InvariantCulture, problem, $"'{Excerpt.Of(all[0])}'")
                + $" ({all.Length} such modules); use an adapter of the same layers, set layersToTransform and "
                + "excludeModules as in the adapter, or use another model";
    }

    private static string? Shape(string module, PeftModule factors, BlockLinear layer, PeftAdapter adapter) =>
        adapter.Fits(module, layer)
            ? null
            : $"has factors for a layer '{module}' of {factors.Widths}, but the model has {layer.Out}×{layer.In}: the adapter is for "
                + "another model";
}
