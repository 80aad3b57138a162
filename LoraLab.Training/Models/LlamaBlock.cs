using LoraLab.Training.Adapters;
using LoraLab.Training.Models.Blocks;
using LoraLab.Training.Models.Generation;
using LoraLab.Training.Torch;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace LoraLab.Training.Models;

/// <summary>
/// A transformer block under autograd, as its description says: x + attention(norm(x)), then x + MLP(norm(x)), where attention and MLP may
/// end with a norm.
/// </summary>
public sealed class LlamaBlock : IDisposable
{
    private readonly LayerAttention _attention;

    /// <summary>A block with given parts, in the order of its description.</summary>
    public LlamaBlock(
        BlockDescription description,
        LayerAttention attention,
        RotaryEmbedding rotary,
        IReadOnlyList<RmsNorm> norms,
        IReadOnlyList<LinearLayer> linears) =>
        (Description, _attention, Rotary, Norms, Linears) = (description, attention, rotary, norms, linears);

    /// <summary>What the block consists of.</summary>
    public BlockDescription Description { get; }

    /// <summary>Number of tokens that a token sees, itself included; null: all before it.</summary>
    public int? Window => _attention.Window;

    /// <summary>Rotary tables, which the model owns.</summary>
    public RotaryEmbedding Rotary { get; }

    /// <summary>The norms, in the order of the description.</summary>
    public IReadOnlyList<RmsNorm> Norms { get; }

    /// <summary>The linear layers, in the order of the description.</summary>
    public IReadOnlyList<LinearLayer> Linears { get; }

    /// <summary>The weights in the order of <see cref="BlockDescription.Weights"/>.</summary>
    public IEnumerable<Tensor> Weights =>
    [
        .. Norms.Select(norm => norm.Weight_D),
        .. Linears.SelectMany(linear => linear.Bias_O is Tensor bias_O ? (Tensor[])[linear.Weight_OI, bias_O] : [linear.Weight_OI]),
    ];

    private ScalarType Dtype => Linears[0].Dtype;

    /// <summary>
    /// [B, T, D] → [B, T, D]; causal, so right padding does not affect real tokens. The residual stream is fp32 or better; inputs and
    /// outputs of the linear layers have the precision of their weights.
    /// </summary>
    /// <param name="x_BTD">The residual stream.</param>
    /// <param name="angles">Cosines and sines of the rotary angles, [B or 1, 1, T, H].</param>
    /// <param name="pass">Context of the pass.</param>
    /// <param name="cache">Keys and values of a text that is being generated; null: x is the whole text.</param>
    public Tensor Forward(Tensor x_BTD, (Tensor Cos, Tensor Sin) angles, ForwardPass pass, LayerCache? cache = null)
    {
        Tensor y_BTD = Attention(Input(NormRole.Attention, x_BTD), angles, pass, cache);
        Tensor attended_BTD = x_BTD.Plus(Normalized(NormRole.AttentionOutput, y_BTD));
        return attended_BTD.Plus(Normalized(NormRole.MlpOutput, Mlp(Input(NormRole.Mlp, attended_BTD), pass)));
    }

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

    private Tensor Attention(Tensor x_BTD, (Tensor Cos, Tensor Sin) angles, ForwardPass pass, LayerCache? cache)
    {
        (long batch, long length) = (x_BTD.shape[0], x_BTD.shape[1]);
        (int heads, int kvHeads) = (Description.Heads, Description.KeyValueHeads);
        Tensor[] qkv = Description.Has(LinearRole.QueryKeyValue)
            ? Linear(LinearRole.QueryKeyValue, x_BTD, pass).split([Description.QueryWidth, Description.KeyWidth, Description.KeyWidth], -1)
            : [Linear(LinearRole.Query, x_BTD, pass), Linear(LinearRole.Key, x_BTD, pass), Linear(LinearRole.Value, x_BTD, pass)];
        Tensor q_BNTH = Rotated(NormRole.Query, Heads(qkv[0], heads));
        Tensor k_BKTH = Rotated(NormRole.Key, Heads(qkv[1], kvHeads));
        Tensor y_BNTH = Attend(q_BNTH, k_BKTH, Heads(qkv[2], kvHeads), cache);
        return Linear(LinearRole.Output, y_BNTH.transpose(1, 2).reshape(batch, length, Description.QueryWidth), pass);

        Tensor Heads(Tensor y_BTO, int count) => y_BTO.reshape(batch, length, count, Description.HeadSize).transpose(1, 2);

        Tensor Rotated(NormRole role, Tensor y_BNTH) =>
            RotaryEmbedding.Rotate(Normalized(role, y_BNTH).to(y_BNTH.dtype), angles.Cos, angles.Sin);
    }

    private Tensor Attend(Tensor q_BNTH, Tensor k_BKTH, Tensor v_BKTH, LayerCache? cache)
    {
        if (cache is { Steps: true })
        {
            // One token: the query heads that share a key-value head are its queries.
            (Tensor keys_BKTH, Tensor values_BKTH, Tensor? seen_B11T) = cache.Append(k_BKTH, v_BKTH);
            Tensor q_BKGH = q_BNTH.reshape(q_BNTH.shape[0], Description.KeyValueHeads, -1, Description.HeadSize);
            return Attend(q_BKGH, keys_BKTH, values_BKTH, seen_B11T, causal: false).reshape(q_BNTH.shape);
        }

        cache?.Fill(k_BKTH, v_BKTH);
        long length = q_BNTH.shape[2];
        bool plain = Description.AttentionSoftCap is null && !(Window < length);
        return Attend(q_BNTH, ShareHeads(k_BKTH), ShareHeads(v_BKTH), plain ? null : Seen(), causal: true);

        // Whether a query (row) sees a key (column).
        Tensor Seen()
        {
            Tensor earlier_TT = ones(length, length, ScalarType.Bool, q_BNTH.device).tril();
            return Window is int window ? earlier_TT.logical_and(earlier_TT.tril(-window).logical_not()) : earlier_TT;
        }
    }

    /// <summary>Attention of queries to keys of the same heads.</summary>
    /// <param name="q_BNQH">Queries.</param>
    /// <param name="k_BNTH">Keys.</param>
    /// <param name="v_BNTH">Values.</param>
    /// <param name="seen">Whether a query sees a key; null: those up to its own place if <paramref name="causal"/>, else all.</param>
    /// <param name="causal">Whether the queries are those of the keys' tokens.</param>
    private Tensor Attend(Tensor q_BNQH, Tensor k_BNTH, Tensor v_BNTH, Tensor? seen, bool causal)
    {
        double usual = 1 / Math.Sqrt(Description.HeadSize);
        if (Description.AttentionSoftCap is double cap)
        {
            Tensor scores_BNQT = einsum("bnih,bnjh->bnij", q_BNQH, k_BNTH).to(Dtype == float64 ? float64 : float32)
                .Times((Description.AttentionScale ?? usual) / cap).tanh().Times(cap);
            Tensor weights_BNQT =
                (seen is null ? scores_BNQT : scores_BNQT.FilledWhere(seen.logical_not(), double.NegativeInfinity)).softmax(-1);
            return einsum("bnij,bnjh->bnih", weights_BNQT.to(v_BNTH.dtype), v_BNTH);
        }

        if (Description.AttentionScale is double scale)
        {
            q_BNQH = q_BNQH.Times(scale / usual);
        }

        return seen is null
            ? functional.scaled_dot_product_attention(q_BNQH, k_BNTH, v_BNTH, is_casual: causal)
            : functional.scaled_dot_product_attention(q_BNQH, k_BNTH, v_BNTH, attn_mask: seen);
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

    private Tensor Mlp(Tensor x_BTD, ForwardPass pass)
    {
        Tensor[] gateUp = Description.Has(LinearRole.GateUp)
            ? Linear(LinearRole.GateUp, x_BTD, pass).chunk(2, -1)
            : [Linear(LinearRole.Gate, x_BTD, pass), Linear(LinearRole.Up, x_BTD, pass)];
        Tensor gate = Description.Activation == GateActivation.GeluTanh ? TorchOps.GeluTanh(gateUp[0]) : functional.silu(gateUp[0]);
        return Linear(LinearRole.Down, gate.mul(gateUp[1]), pass);
    }

    private Tensor Linear(LinearRole role, Tensor x_BTI, ForwardPass pass) => Linears[Description.IndexOf(role)].Forward(x_BTI, pass);

    private Tensor Input(NormRole role, Tensor x_BTD) => Normalized(role, x_BTD).to(Dtype);

    /// <summary>The norm with a role, in fp32 or better; the input itself if the block has none.</summary>
    private Tensor Normalized(NormRole role, Tensor x)
    {
        if (!Description.Has(role))
        {
            return x;
        }

        RmsNorm norm = Norms[Description.IndexOf(role)];
        return norm.Forward(x.to(norm.Weight_D.dtype));
    }
}
