using static TorchSharp.torch;

namespace LoraLab.Training.Adapters;

/// <summary>
/// Named factors of adapters, trained and frozen, and adapters rebuilt from them. Frozen factors are included because a decomposition
/// repeated elsewhere may differ in signs or last digits.
/// </summary>
public static class AdapterFactors
{
    /// <summary>Names, for example <c>model.layers.0.self_attn.q_proj.lora_A</c>, and values, in the order of the adapters.</summary>
    public static IEnumerable<KeyValuePair<string, Tensor>> Of(IEnumerable<Adapter> adapters) =>
        Of(adapters, _ => true);

    /// <summary>The same of the frozen tensors, which training does not change.</summary>
    public static IEnumerable<KeyValuePair<string, Tensor>> FrozenOf(IEnumerable<Adapter> adapters) =>
        Of(adapters, tensor => !tensor.Trained);

    private static IEnumerable<KeyValuePair<string, Tensor>> Of(IEnumerable<Adapter> adapters, Func<AdapterTensor, bool> chosen) =>
        adapters.SelectMany(adapter => adapter.Tensors.Where(chosen).Select(tensor =>
            new KeyValuePair<string, Tensor>(tensor.NameIn(adapter.Module), tensor.Value))).DistinctBy(tensor => tensor.Key);

    /// <summary>Rebuilds an adapter with given factors for a layer that still has its original weight.</summary>
    /// <param name="layer">The layer; unless <paramref name="inBranch"/>, extracted factors are subtracted from its weight again.</param>
    /// <param name="request">Scaling and dropout.</param>
    /// <param name="inBranch">Where extracted factors are subtracted; see <see cref="ExtractedFactors"/>.</param>
    /// <param name="factor">Returns a new tensor for a name, or null if there is none.</param>
    public static LowRankAdapter Rebuild(LinearLayer layer, AdapterRequest request, bool inBranch, Func<string, Tensor?> factor)
    {
        LowRankAdapter adapter = new(
            layer.Name, Required(AdapterFactor.A), Required(AdapterFactor.B), request.Scaling, request.DropoutRate, Find(AdapterFactor.R));
        if (Find(AdapterFactor.ExtractedA) is not Tensor extractedA_RI)
        {
            return adapter;
        }

        ExtractedFactors extracted = new(extractedA_RI, Required(AdapterFactor.ExtractedB), inBranch);
        if (!inBranch)
        {
            BaseResidual.Subtract(layer, extracted.A_RI, extracted.B_OR, request.Scaling);
        }

        return adapter.WithExtracted(extracted);

        Tensor Required(AdapterFactor role) =>
            Find(role) ?? throw new KeyNotFoundException($"There is no tensor '{role.NameIn(layer.Name)}'.");

        Tensor? Find(AdapterFactor role) => factor(role.NameIn(layer.Name))?.to(layer.Device).DetachFromDisposeScope();
    }
}
