using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters.Calibration;
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

    /// <summary>Starting factors from calibration rows by module; null: the method needs none.</summary>
    public IReadOnlyDictionary<string, CalibratedFactors>? Calibrated { get; init; }

    /// <summary>All layers that receive an adapter, for tensors that they share; empty: the layer is the only one.</summary>
    public IReadOnlyList<LinearShape> Layers { get; init; } = [];

    /// <summary>Tensors that all layers share; null: each layer creates its own.</summary>
    public SharedTensors? Shared { get; init; }

    /// <summary>The largest output and input widths of the layers.</summary>
    public (int Out, int In) Widest(LinearLayer layer)
    {
        ArgumentNullException.ThrowIfNull(layer);
        return Layers.Count == 0
            ? (layer.Out, layer.In)
            : (Layers.Max(shape => shape.Out), Layers.Max(shape => shape.In));
    }

    /// <summary>The request of a specification for a layer.</summary>
    /// <param name="spec">The specification.</param>
    /// <param name="module">Full name of the layer, for example <c>model.layers.0.self_attn.q_proj</c>.</param>
    public static AdapterRequest From(RunSpec spec, string module) =>
        new(LayerSettings.Rank(spec, module), AdapterScaling.Of(spec, module), spec.Dropout, spec.Seed);
}
