using LoraLab.Training.Adapters;
using LoraLab.Training.Models.Blocks;
using static TorchSharp.torch;

namespace LoraLab.Training.Models.Packed;

/// <summary>
/// The order of parameters in memory that <see cref="JoinedBlock"/> needs: of each linear group first the A's, then the B's. Others keep
/// their order.
/// </summary>
internal static class JoinedOrder
{
    /// <summary>Orders parameters.</summary>
    /// <typeparam name="TParameter">Type of a parameter.</typeparam>
    /// <param name="model">The model with its adapters.</param>
    /// <param name="parameters">The parameters.</param>
    /// <param name="value">The tensor of a parameter.</param>
    public static IEnumerable<TParameter> Of<TParameter>(
        LlamaModel model, IEnumerable<TParameter> parameters, Func<TParameter, Tensor> value)
    {
        Dictionary<Tensor, int> places = new(ReferenceEqualityComparer.Instance);
        foreach (LlamaBlock block in model.Blocks)
        {
            foreach (IGrouping<LinearGroup, LowRankAdapter?> group in block.Description.Linears.Zip(block.Linears)
                .GroupBy(pair => pair.First.Group, pair => pair.Second.Adapter as LowRankAdapter))
            {
                LowRankAdapter[] adapters = [.. group.OfType<LowRankAdapter>()];
                foreach (Tensor factor in adapters.Select(adapter => adapter.A_RI).Concat(adapters.Select(adapter => adapter.B_OR)))
                {
                    places[factor] = places.Count;
                }
            }
        }

        return parameters.OrderBy(parameter => places.GetValueOrDefault(value(parameter), int.MaxValue));
    }
}
