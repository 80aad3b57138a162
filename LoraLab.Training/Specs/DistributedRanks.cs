using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Blocks;

namespace LoraLab.Training.Specs;

/// <summary>
/// The trainable parameters of methods that distribute ranks over layers once they have calibrated (EVA with rho above 1): before that,
/// only bounds are known.
/// </summary>
internal static class DistributedRanks
{
    /// <summary>
    /// The fewest and the most trainable parameters: all ranks go to the layers in which one costs least, or most, up to the limit of each.
    /// </summary>
    public static (long Fewest, long Most) Bounds(RunSpec spec, LlamaConfig config, LoraMethod method)
    {
        (long Cost, int Limit)[] layers =
        [
            .. AdaptedLinear.Of(spec, config).Select(adapted => (
                method.TrainableParameters(adapted.Linear, 1, spec.MethodOptions),
                method.ComponentsNeeded(adapted.Rank, spec.MethodOptions))),
        ];
        int total = AdaptedLinear.Of(spec, config).Sum(adapted => adapted.Rank);
        return (Sum(layers.OrderBy(layer => layer.Cost), total), Sum(layers.OrderByDescending(layer => layer.Cost), total));
    }

    /// <summary>The warning of a specification whose ranks are distributed.</summary>
    public static string Warning(RunSpec spec, LlamaConfig config, LoraMethod method)
    {
        (long fewest, long most) = Bounds(spec, config, method);
        return $"{method.Id} distributes the ranks once it has calibrated, so that the trainable parameters are known only then: between "
            + $"{NumberFormat.Count(fewest)} and {NumberFormat.Count(most)}; the number shown before is that of equal ranks.";
    }

    private static long Sum(IEnumerable<(long Cost, int Limit)> layers, int total)
    {
        long parameters = 0;
        foreach ((long cost, int limit) in layers)
        {
            int ranks = Math.Min(limit, total);
            parameters += cost * ranks;
            total -= ranks;
        }

        return parameters;
    }
}
