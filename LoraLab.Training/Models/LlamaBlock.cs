using LoraLab.Training.Adapters;
using LoraLab.Training.Torch;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace LoraLab.Training.Models;

/// <summary>A transformer block: x + attention(norm(x)), then x + MLP(norm(x)).</summary>
public sealed class LlamaBlock : IDisposable
{
    private readonly LlamaConfig _config;
    private readonly RotaryEmbedding _rotary;
    private readonly LinearLayer _query, _key, _value, _output, _gate, _up, _down;

    /// <summary>A block with given weights; <paramref name="linears"/> in the order of <see cref="LlamaConfig.BlockLinears"/>.</summary>
    public LlamaBlock(
        LlamaConfig config, RotaryEmbedding rotary, RmsNorm attentionNorm, RmsNorm mlpNorm, IReadOnlyList<LinearLayer> linears)
    {
        _config = config;
        _rotary = rotary;
        AttentionNorm = attentionNorm;
        MlpNorm = mlpNorm;
        Linears = linears;
        (_query, _key, _value, _output, _gate, _up, _down) =
            (linears[0], linears[1], linears[2], linears[3], linears[4], linears[5], linears[6]);
    }

    /// <summary>Norm before attention.</summary>
    public RmsNorm AttentionNorm { get; }

    /// <summary>Norm before the MLP.</summary>
    public RmsNorm MlpNorm { get; }

    /// <summary>The seven linear layers.</summary>
    public IReadOnlyList<LinearLayer> Linears { get; }

    /// <summary>
    /// [B, T, D] → [B, T, D]; causal, so right padding does not affect real tokens. The residual stream is fp32 or better; inputs and
    /// outputs of the linear layers have the precision of their weights.
    /// </summary>
    public Tensor Forward(Tensor x_BTD, ForwardPass pass)
    {
        ScalarType dtype = _query.Weight_OI.dtype;
        Tensor attended_BTD = x_BTD.Plus(Attention(AttentionNorm.Forward(x_BTD).to(dtype), pass));
        return attended_BTD.Plus(Mlp(MlpNorm.Forward(attended_BTD).to(dtype), pass));
    }

    private Tensor Attention(Tensor x_BTD, ForwardPass pass)
    {
        (long batch, long length) = (x_BTD.shape[0], x_BTD.shape[1]);
        Tensor q_BNTH = _rotary.Rotate(Heads(_query.Forward(x_BTD, pass), _config.Heads));
        Tensor k_BKTH = _rotary.Rotate(Heads(_key.Forward(x_BTD, pass), _config.KeyValueHeads));
        Tensor v_BKTH = Heads(_value.Forward(x_BTD, pass), _config.KeyValueHeads);
        Tensor y_BNTH = functional.scaled_dot_product_attention(q_BNTH, ShareHeads(k_BKTH), ShareHeads(v_BKTH), is_casual: true);
        return _output.Forward(y_BNTH.transpose(1, 2).reshape(batch, length, _config.Heads * _config.HeadSize), pass);

        Tensor Heads(Tensor y_BTO, int heads) => y_BTO.view(batch, length, heads, _config.HeadSize).transpose(1, 2);
    }

    /// <summary>Grouped-query attention: repeats each key-value head for its group of neighboring query heads.</summary>
    private Tensor ShareHeads(Tensor x_BKTH)
    {
        int group = _config.Heads / _config.KeyValueHeads;
        if (group == 1)
        {
            return x_BKTH;
        }

        long[] shape = x_BKTH.shape;
        return x_BKTH.unsqueeze(2).expand(shape[0], shape[1], group, shape[2], shape[3])
            .reshape(shape[0], shape[1] * group, shape[2], shape[3]);
    }

    private Tensor Mlp(Tensor x_BTD, ForwardPass pass) =>
        _down.Forward(functional.silu(_gate.Forward(x_BTD, pass)).mul(_up.Forward(x_BTD, pass)), pass);

    /// <inheritdoc />
    public void Dispose()
    {
        AttentionNorm.Dispose();
        MlpNorm.Dispose();
        foreach (LinearLayer linear in Linears)
        {
            linear.Dispose();
        }
    }
}
