using LoraLab.Training.Torch.Quantization;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace LoraLab.Training.Adapters;

/// <summary>A linear layer with a slot for an adapter: y = x Wᵀ + b + branch(x).</summary>
public sealed class LinearLayer : IDisposable
{
    private Tensor? _weight_OI;

    /// <summary>A layer with an existing weight and bias, of which it takes ownership.</summary>
    public LinearLayer(string name, Tensor weight_OI, Tensor? bias_O = null)
    {
        Name = name;
        _weight_OI = weight_OI;
        Bias_O = bias_O;
    }

    /// <summary>A layer with a weight in four bits and a bias, of which it takes ownership.</summary>
    public LinearLayer(string name, QuantizedWeight weight, Tensor? bias_O = null)
    {
        Name = name;
        Quantized = weight;
        Bias_O = bias_O;
    }

    /// <summary>Full module name, for example <c>model.layers.0.self_attn.q_proj</c>.</summary>
    public string Name { get; }

    /// <summary>Short name, for example <c>q_proj</c>.</summary>
    public string ShortName => Name[(Name.LastIndexOf('.') + 1)..];

    /// <summary>
    /// The weight, [out, in]. One in four bits is turned back into numbers at each access, and the current dispose scope owns them.
    /// </summary>
    public Tensor Weight_OI => _weight_OI ?? Quantized!.Dequantize();

    /// <summary>The weight in four bits; null: it is a plain tensor.</summary>
    public QuantizedWeight? Quantized { get; private set; }

    /// <summary>
    /// Reads the weight as it was before it was quantized, while the model is being prepared, for a method that takes a part of it away.
    /// The current dispose scope owns the result. Null: the weight itself.
    /// </summary>
    public Func<Tensor>? ReadOriginal { get; set; }

    /// <summary>The weight as it was before it was quantized, if that can still be read, else as it is, [out, in].</summary>
    public Tensor Original_OI => ReadOriginal?.Invoke() ?? Weight_OI;

    /// <summary>How far the quantized residual is from the weight, if a part of it was taken away; null: it was not.</summary>
    public QuantizationError? Error { get; internal set; }

    /// <summary>Device of the weight.</summary>
    public Device Device => _weight_OI?.device ?? Quantized!.Device;

    /// <summary>Precision in which the layer computes.</summary>
    public ScalarType Dtype => _weight_OI?.dtype ?? Quantized!.Dtype;

    /// <summary>The bias, [out]; null: none.</summary>
    public Tensor? Bias_O { get; }

    /// <summary>Output width.</summary>
    public int Out => Quantized?.Out ?? (int)_weight_OI!.shape[0];

    /// <summary>Input width.</summary>
    public int In => Quantized?.In ?? (int)_weight_OI!.shape[1];

    /// <summary>The adapter, or null.</summary>
    public Adapter? Adapter { get; set; }

    /// <summary>What the layer computes with instead of what its adapter computes in each pass; null: nothing.</summary>
    internal HeldTensors? Held { get; set; }

    /// <summary>Rows of the weight, [rows, in]; the current dispose scope owns the result.</summary>
    public Tensor Rows(long first, long rows) => _weight_OI?.narrow(0, first, rows) ?? Quantized!.Rows(first, rows);

    /// <summary>
    /// Until the result is disposed, the layer computes with a plain tensor, for gradients of the weight itself; of a weight in four bits,
    /// with its numbers.
    /// </summary>
    public IDisposable Unpack()
    {
        if (Quantized is null || _weight_OI is not null)
        {
            return new Unpacked(null);
        }

        _weight_OI = Quantized.Dequantize().DetachFromDisposeScope();
        return new Unpacked(this);
    }

    /// <summary>Replaces the weight (PiSSA's residual, a merge), in four bits if it was; the old one is disposed, as is a given one that is
    /// not kept.</summary>
    public void ReplaceWeight(Tensor weight_OI)
    {
        if (Quantized is QuantizedWeight before)
        {
            Quantized = QuantizedWeight.Of(weight_OI, before.IsNested, before.Dtype);
            weight_OI.Dispose();
            before.Dispose();
            return;
        }

        _weight_OI!.Dispose();
        _weight_OI = weight_OI;
    }

    /// <summary>y = x Wᵀ + b plus the adapter's branch, in the weight's precision. [..., in] → [..., out].</summary>
    public Tensor Forward(Tensor x_BTI, ForwardPass pass)
    {
        pass.Count(x_BTI, Out, In);
        pass.Observed?.Invoke(this, x_BTI);
        return Adapter is null ? functional.linear(x_BTI, Weight_OI, Bias_O) : Adapter.Forward(this, x_BTI, pass);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _weight_OI?.Dispose();
        Quantized?.Dispose();
        Bias_O?.Dispose();
        Held?.Dispose();
        Adapter?.Dispose();
    }

    private sealed class Unpacked(LinearLayer? layer) : IDisposable
    {
        public void Dispose()
        {
            layer?._weight_OI?.Dispose();
            if (layer is not null)
            {
                layer._weight_OI = null;
            }
        }
    }
}
