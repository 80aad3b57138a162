using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace LoraLab.Training.Adapters;

/// <summary>A linear layer with a slot for an adapter: y = x Wᵀ + b + branch(x).</summary>
public sealed class LinearLayer : IDisposable
{
    /// <summary>A layer with an existing weight and bias, of which it takes ownership.</summary>
    public LinearLayer(string name, Tensor weight_OI, Tensor? bias_O = null)
    {
        Name = name;
        Weight_OI = weight_OI;
        Bias_O = bias_O;
    }

    /// <summary>Full module name, for example <c>model.layers.0.self_attn.q_proj</c>.</summary>
    public string Name { get; }

    /// <summary>Short name, for example <c>q_proj</c>.</summary>
    public string ShortName => Name[(Name.LastIndexOf('.') + 1)..];

    /// <summary>The weight, [out, in].</summary>
    public Tensor Weight_OI { get; private set; }

    /// <summary>The bias, [out]; null: none.</summary>
    public Tensor? Bias_O { get; }

    /// <summary>Output width.</summary>
    public int Out => (int)Weight_OI.shape[0];

    /// <summary>Input width.</summary>
    public int In => (int)Weight_OI.shape[1];

    /// <summary>The adapter, or null.</summary>
    public Adapter? Adapter { get; set; }

    /// <summary>What the layer computes with instead of what its adapter computes in each pass; null: nothing.</summary>
    internal HeldTensors? Held { get; set; }

    /// <summary>Replaces the weight (PiSSA's residual, a merge); the old one is disposed.</summary>
    public void ReplaceWeight(Tensor weight_OI)
    {
        Weight_OI.Dispose();
        Weight_OI = weight_OI;
    }

    /// <summary>y = x Wᵀ + b plus the adapter's branch, in the weight's precision. [..., in] → [..., out].</summary>
    public Tensor Forward(Tensor x_BTI, ForwardPass pass)
    {
        pass.Count(x_BTI, Weight_OI);
        pass.Observed?.Invoke(this, x_BTI);
        return Adapter is null ? functional.linear(x_BTI, Weight_OI, Bias_O) : Adapter.Forward(this, x_BTI, pass);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        Weight_OI.Dispose();
        Bias_O?.Dispose();
        Held?.Dispose();
        Adapter?.Dispose();
    }
}
