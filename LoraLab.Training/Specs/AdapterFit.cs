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
        if (adapter.Ranks.Count > 1)
        {
            return $"has modules of the ranks {string.Join(", ", adapter.Ranks)}, but a run has one rank; use an adapter of one rank";
        }

        if (adapter.Ranks[0] != spec.Rank)
        {
            return $"has rank {adapter.Ranks[0]}, but the run has rank {spec.Rank}; set rank to {adapter.Ranks[0]}";
        }

        Dictionary<string, BlockLinear> layers = Enumerable.Range(0, config.Layers)
            .SelectMany(layer => config.AdaptedLinears(spec.TargetModules).Select(linear => (Name: linear.ModuleName(layer), linear)))
            .ToDictionary(adapted => adapted.Name, adapted => adapted.linear);
        return Targets(spec, config, adapter)
            ?? Missing(
                adapter.Modules.Keys.Where(module => !layers.ContainsKey(module)), "has factors for {0}, which the run does not adapt")
            ?? Missing(layers.Keys.Where(module => !adapter.Modules.ContainsKey(module)), "has no factors for {0}, which the run adapts")
            ?? adapter.Modules.Select(module => Shape(module.Key, module.Value, layers[module.Key]))
                .FirstOrDefault(problem => problem is not null);
    }

    /// <summary>The warning if the run scales the factors otherwise than the adapter's own configuration; null: it does not.</summary>
    public static string? ScalingWarning(RunSpec spec, PeftAdapter adapter)
    {
        double run = AdapterScaling.Of(spec);
        double[] other = [.. adapter.Scalings.Where(scaling => Math.Abs(scaling - run) > 1e-9 * run)];
        return other.Length == 0 ? null : string.Create(
            CultureInfo.InvariantCulture,
            $"was trained with the scaling s = {string.Join(", ", other.Select(Number))} (lora_alpha {Number(adapter.Config.Alpha)}"
                + $"{(adapter.Config.RankStabilized ? ", use_rslora" : "")}), but the run uses s = {Number(run)}, which changes what "
                + $"its factors add to the weights; set alpha and rankStabilized as in the adapter to continue it unchanged.");
    }

    private static string Number(double value) => value.ToString("0.####", CultureInfo.InvariantCulture);

    private static string? Targets(RunSpec spec, LlamaConfig config, PeftAdapter adapter)
    {
        string[] run = [.. config.AdaptedLinears(spec.TargetModules).Select(linear => linear.Name).Order(StringComparer.Ordinal)];
        return run.SequenceEqual(adapter.Targets)
            ? null
            : $"adapts {Excerpt.Of(adapter.Targets)}, but the run adapts {string.Join(", ", run)}; targetModules must match the adapter";
    }

    private static string? Missing(IEnumerable<string> modules, string problem)
    {
        string[] all = [.. modules.Order(StringComparer.Ordinal)];
        return all.Length == 0
            ? null
            : string.Format(CultureInfo.InvariantCulture, problem, $"'{Excerpt.Of(all[0])}'")
                + $" ({all.Length} such modules); use an adapter of the same layers, or another model";
    }

    private static string? Shape(string module, PeftModule factors, BlockLinear layer) => factors.Out == layer.Out && factors.In == layer.In
        ? null
        : $"has factors for a layer '{module}' of {factors.Out}×{factors.In}, but the model has {layer.Out}×{layer.In}: the adapter is for "
            + "another model";
}
