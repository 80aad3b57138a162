using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters.Svd;

namespace LoraLab.Training.Adapters;

/// <summary>Parameters of a layer's adapter that are common to all methods.</summary>
/// <param name="Rank">r.</param>
/// <param name="Scaling">s.</param>
/// <param name="DropoutRate">Dropout probability on the branch's input.</param>
/// <param name="Seed">Seed of the initial values.</param>
public sealed record AdapterRequest(int Rank, double Scaling, double DropoutRate, long Seed)
{
    /// <summary>Cache of decompositions; null: none.</summary>
    public SvdCache? SvdCache { get; init; }

    /// <summary>The request of a specification for a layer.</summary>
    /// <param name="spec">The specification.</param>
    /// <param name="module">Full name of the layer, for example <c>model.layers.0.self_attn.q_proj</c>.</param>
    public static AdapterRequest From(RunSpec spec, string module) =>
        new(LayerSettings.Rank(spec, module), AdapterScaling.Of(spec, module), spec.Dropout, spec.Seed);
}
