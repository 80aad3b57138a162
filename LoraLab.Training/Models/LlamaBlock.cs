using LoraLab.Training.Adapters;
using LoraLab.Training.Models.Blocks;
using LoraLab.Training.Torch;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace LoraLab.Training.Models;

/// <summary>A transformer block: x + attention(norm(x)), then x + MLP(norm(x)).</summary>
public sealed class LlamaBlock : IDisposable
{
    private readonly RotaryEmbedding _rotary;
    private readonly RmsNorm _attentionNorm, _mlpNorm;
    private readonly LinearLayer _query, _key, _value, _output, _gate, _up, _down;

    /// <summary>A block with given parts, in the order of its description.</summary>
    public LlamaBlock(
        BlockDescription description, RotaryEmbedding rotary, IReadOnlyList<RmsNorm> norms, IReadOnlyList<LinearLayer> linears)
    {
        (Description, _rotary, Norms, Linears) = (description, rotary, norms, linears);
        (_attentionNorm, _mlpNorm) = (Norm(NormRole.Attention), Norm(NormRole.Mlp));
        (_query, _key, _value) = (Linear(LinearRole.Query), Linear(LinearRole.Key), Linear(LinearRole.Value));
        _output = Linear(LinearRole.Output);
        (_gate, _up, _down) = (Linear(LinearRole.Gate), Linear(LinearRole.Up), Linear(LinearRole.Down));
    }

    /// <summary>What the block consists of.</summary>
    public BlockDescription Description { get; }

    /// <summary>The norms, in the order of the description.</summary>
    public IReadOnlyList<RmsNorm> Norms { get; }

    /// <summary>The linear layers, in the order of the description.</summary>
    public IReadOnlyList<LinearLayer> Linears { get; }

    /// <summary>The weights in the order of <see cref="BlockDescription.Weights"/>.</summary>
    public IEnumerable<Tensor> Weights => [.. Norms.Select(norm => norm.Weight_D), .. Linears.Select(linear => linear.Weight_OI)];

    /// <summary>
    /// [B, T, D] → [B, T, D]; causal, so right padding does not affect real tokens. The residual stream is fp32 or better; inputs and
    /// outputs of the linear layers have the precision of their weights.
    /// </summary>
    public Tensor Forward(Tensor x_BTD, ForwardPass pass)
    {
        ScalarType dtype = _query.Weight_OI.dtype;
        Tensor attended_BTD = x_BTD.Plus(Attention(_attentionNorm.Forward(x_BTD).to(dtype), pass));
        return attended_BTD.Plus(Mlp(_mlpNorm.Forward(attended_BTD).to(dtype), pass));
    }

    private Tensor Attention(Tensor x_BTD, ForwardPass pass)
    {
        (long batch, long length) = (x_BTD.shape[0], x_BTD.shape[1]);
        Tensor q_BNTH = _rotary.Rotate(Heads(_query.Forward(x_BTD, pass), Description.Heads));
        Tensor k_BKTH = _rotary.Rotate(Heads(_key.Forward(x_BTD, pass), Description.KeyValueHeads));
        Tensor v_BKTH = Heads(_value.Forward(x_BTD, pass), Description.KeyValueHeads);
        Tensor y_BNTH = functional.scaled_dot_product_attention(q_BNTH, ShareHeads(k_BKTH), ShareHeads(v_BKTH), is_casual: true);
        return _output.Forward(y_BNTH.transpose(1, 2).reshape(batch, length, Description.Heads * Description.HeadSize), pass);

        Tensor Heads(Tensor y_BTO, int heads) => y_BTO.view(batch, length, heads, Description.HeadSize).transpose(1, 2);
    }

    /// <summary>Grouped-query attention: repeats each key-value head for its group of neighboring query heads.</summary>
    private Tensor ShareHeads(Tensor x_BKTH)
    {
        int group = Description.Heads / Description.KeyValueHeads;
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
        foreach (RmsNorm norm in Norms)
        {
            norm.Dispose();
        }

        foreach (LinearLayer linear in Linears)
        {
            linear.Dispose();
        }
    }

    private RmsNorm Norm(NormRole role) => Norms[Description.IndexOf(role)];

    private LinearLayer Linear(LinearRole role) => Linears[Description.IndexOf(role)];
}
