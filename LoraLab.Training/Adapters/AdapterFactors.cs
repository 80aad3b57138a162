using static TorchSharp.torch;

namespace LoraLab.Training.Adapters;

/// <summary>
/// All factors of adapters by name, trained and frozen, and the way back. Frozen factors are kept too: a decomposition that is
/// repeated elsewhere may come out with other signs or other last digits.
/// </summary>
public static class AdapterFactors
{
    /// <summary>Name, for example <c>model.layers.0.self_attn.q_proj.lora_A</c>, and value, in the adapters' order.</summary>
    public static IEnumerable<KeyValuePair<string, Tensor>> Of(IEnumerable<LowRankAdapter> adapters)
    {
        foreach (LowRankAdapter adapter in adapters)
        {
            yield return new(adapter.Module + ".lora_A", adapter.A_RI);
            yield return new(adapter.Module + ".lora_B", adapter.B_OR);
            if (adapter.R_RR is Tensor r_RR)
            {
                yield return new(adapter.Module + ".lora_R", r_RR);
            }

            if (adapter.Taken is ExtractedFactors taken)
            {
                yield return new(adapter.Module + ".taken_A", taken.A_RI);
                yield return new(adapter.Module + ".taken_B", taken.B_OR);
            }
        }
    }

    /// <summary>An adapter with given factors on a layer whose weight is still the original.</summary>
    /// <param name="layer">The layer; the taken factors are subtracted from its weight again where that is their place.</param>
    /// <param name="request">Scaling and dropout.</param>
    /// <param name="takenFromBranch">Where taken factors are subtracted; see <see cref="ExtractedFactors"/>.</param>
    /// <param name="factor">A new tensor for a name, or null where there is none.</param>
    public static LowRankAdapter Rebuild(LinearLayer layer, AdapterRequest request, bool takenFromBranch, Func<string, Tensor?> factor)
    {
        LowRankAdapter adapter = new(
            layer.Name, Required("lora_A"), Required("lora_B"), request.Scaling, request.DropoutRate, Placed(factor(layer.Name + ".lora_R")));
        if (Placed(factor(layer.Name + ".taken_A")) is not Tensor takenA_RI)
        {
            return adapter;
        }

        ExtractedFactors taken = new(takenA_RI, Required("taken_B"), takenFromBranch);
        if (!takenFromBranch)
        {
            BaseResidual.TakeOut(layer, taken.A_RI, taken.B_OR, request.Scaling);
        }

        return adapter.WithTaken(taken);

        Tensor Required(string name) => Placed(factor($"{layer.Name}.{name}")) ?? throw new KeyNotFoundException($"There is no tensor '{layer.Name}.{name}'.");

        Tensor? Placed(Tensor? value) => value?.to(layer.Weight_OI.device).DetachFromDisposeScope();
    }
}
