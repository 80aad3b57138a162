using LoraLab.Training.Adapters;
using LoraLab.Training.Model;
using LoraLab.Training.Packing;
using TorchSharp;
using static TorchSharp.torch;

namespace LoraLab.Training.Kernels;

/// <summary>
/// A Llama over packed rows with hand-derived gradients: the same mathematics as <see cref="LlamaModel"/> under autograd, in one pass
/// of an optimizer step. It computes for a gang of members at once, which share the frozen products and have adapters of their own;
/// a single run is a gang of one.
/// </summary>
public sealed class PackedLlama : IDisposable
{
    private const int WholeBlock = 5;
    private const int Attention = 3;
    private readonly LlamaModel _model;
    private readonly LlamaConfig _config;
    private readonly BlockTensors[] _blocks;
    private readonly Tensor _absent = zeros(0).DetachFromDisposeScope();
    private readonly Tensor _scales;
    private readonly bool _fused;
    private readonly int _lowest;
    private readonly KeptArena? _arena;
    private readonly RowAttention? _attention;

    /// <summary>A model and each member's adapters. Gradients go where the trained factors' <c>grad</c> is; without one there are none.</summary>
    public PackedLlama(LlamaModel model, IReadOnlyList<IReadOnlyList<LowRankAdapter>> members)
    {
        (_model, _config, Members) = (model, model.Config, members.Count);
        Dictionary<string, LowRankAdapter>[] byModule = [.. members.Select(adapters => adapters.ToDictionary(adapter => adapter.Module))];
        _blocks = [.. model.Blocks.Select(block => new BlockTensors(block, byModule, _absent))];
        _scales = tensor(members.Select(adapters => (float)(adapters.FirstOrDefault()?.Scaling ?? 1)).ToArray(), device: model.Device).DetachFromDisposeScope();
        _fused = model.Device.type == DeviceType.CPU;
        _lowest = Array.FindIndex(_blocks, block => block.LowestAdapted > 0);
        _arena = _fused ? new(_blocks.Length) : null;
        _attention = RowAttention.Takes(_config, _fused, half: model.Blocks[0].Linears[0].Weight_OI.dtype != float32) ? new(_config) : null;
    }

    /// <summary>Members of the gang.</summary>
    public int Members { get; }

    /// <summary>Bytes that the last pass kept for the way back; 0 on a GPU, where nothing counts them.</summary>
    internal long KeptBytes => _arena?.UsedBytes ?? 0;

    /// <summary>Counts the frozen products, where somebody wants to know.</summary>
    public FlopLedger? Ledger { get; set; }

    /// <summary>
    /// Loss of each member over a pass, float64 [members]; the gradients, times each member's loss scale, are added to the factors'.
    /// The current dispose scope owns the result.
    /// </summary>
    /// <param name="pass">The sentences.</param>
    /// <param name="lossScale">Factor of the gradient for each member, [members]; null: 1.</param>
    /// <param name="dropout">Each member's masks; null: no dropout.</param>
    /// <param name="cancellation">Polled between blocks.</param>
    /// <exception cref="OperationCanceledException">Cancelled; the gradients are incomplete then.</exception>
    public Tensor Gradient(TrainingPass pass, Tensor? lossScale = null, IReadOnlyList<DropoutMasks>? dropout = null, CancellationToken cancellation = default)
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        (Tensor x_TD, Tensor[] layout) = Enter(pass.Layout);
        List<KeptBlock> kept = [];
        _arena?.Begin();
        for (int i = 0; i < _blocks.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            using IDisposable blockScope = NewDisposeScope();
            Tensor[] masks = Masks(_blocks[i], dropout);
            Tensor[] saved = Keep(i, Forward(_blocks[i], x_TD, pass.Layout, layout, masks, keep: i >= _lowest, rows: null));
            kept.Add(new KeptBlock(x_TD, saved));
            x_TD = Outlive(saved);
        }

        Tensor[] result = TorchScript.Tensors(
            "loss_head", x_TD, pass.TargetRowsFor(Members), _model.FinalNorm.Weight_D, _config.RmsNormEpsilon, _model.Head_VD, pass.Chunks(), Members, lossScale, Ledger?.Counter);
        Tensor loss_M = result[0].MoveToOuterDisposeScope();
        Tensor g_TD = result[1];
        for (int i = _blocks.Length - 1; i >= Math.Max(_lowest, 0); i--)
        {
            cancellation.ThrowIfCancellationRequested();
            using IDisposable blockScope = NewDisposeScope();
            Tensor[] masks = Masks(_blocks[i], dropout);
            Tensor below_TD = Backward(_blocks[i], g_TD, kept[i], pass.Layout, layout, masks, i == _lowest ? _blocks[i].LowestAdapted : WholeBlock);
            kept[i].Dispose();
            g_TD.Dispose();
            g_TD = below_TD.MoveToOuterDisposeScope();
        }

        return loss_M;
    }

    /// <summary>
    /// Residual stream after the last block, of the wanted rows alone: [members × T, D] → [members × wanted, D]. The last block's
    /// queries, output and MLP are computed for them only. The current dispose scope owns the result.
    /// </summary>
    /// <param name="layout">The pass.</param>
    /// <param name="rows">Wanted rows, int64, member by member.</param>
    /// <param name="cancellation">Polled between blocks.</param>
    public Tensor Stream(PassLayout layout, Tensor rows, CancellationToken cancellation)
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        (Tensor x_TD, Tensor[] tensors) = Enter(layout);
        for (int i = 0; i < _blocks.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            using Tensor input = x_TD;
            x_TD = Forward(_blocks[i], input, layout, tensors, [], keep: false, i == _blocks.Length - 1 ? rows : null)[0];
        }

        return x_TD.MoveToOuterDisposeScope();
    }

    /// <summary>Log-probabilities of tokens after wanted rows; see <c>label_scores</c>.</summary>
    internal Tensor Scores(Tensor stream_ND, Tensor places, Tensor owners) =>
        TorchScript.Tensor("label_scores", stream_ND, _model.FinalNorm.Weight_D, _config.RmsNormEpsilon, _model.Head_VD, places, owners, Ledger?.Counter);

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (BlockTensors block in _blocks)
        {
            block.Dispose();
        }

        _arena?.Dispose();
        _attention?.Dispose();
        _absent.Dispose();
        _scales.Dispose();
    }

    /// <summary>The residual stream before the first block, fp32, and how attention finds its rows.</summary>
    private (Tensor X_TD, Tensor[] Layout) Enter(PassLayout pass)
    {
        (Tensor ids_T, Tensor positions_T) = pass.Tokens(Members);
        (Tensor cos_T1H, Tensor sin_T1H) = _model.Rotary.At(positions_T);
        return (_model.Embedding_VD.index_select(0, ids_T).to(float32), pass.Attention(Members, cos_T1H, sin_T1H));
    }

    private Tensor[] Forward(BlockTensors block, Tensor x_TD, PassLayout pass, Tensor[] layout, Tensor[] masks, bool keep, Tensor? rows)
    {
        (int heads, int kvHeads, double eps) = (_config.Heads, _config.KeyValueHeads, _config.RmsNormEpsilon);
        if (_attention is null)
        {
            return TorchScript.Tensors("block", x_TD, block.Weights, block.Factors, _scales, masks, layout, pass.Lengths, heads, kvHeads, Members, eps, _fused, keep, rows, Ledger?.Counter);
        }

        Tensor[] entered = TorchScript.Tensors("block_enter", x_TD, block.Weights, block.Factors, _scales, masks, layout, heads, kvHeads, Members, eps, rows, Ledger?.Counter);
        (Tensor a_TD, Tensor normalisers_TN) = _attention.Forward(entered[0], pass.Segments, Members);
        return TorchScript.Tensors("block_leave", x_TD, entered, a_TD, normalisers_TN, block.Weights, block.Factors, _scales, masks, Members, eps, keep, rows, Ledger?.Counter);
    }

    private Tensor Backward(BlockTensors block, Tensor g_TD, KeptBlock kept, PassLayout pass, Tensor[] layout, Tensor[] masks, int needs)
    {
        (int heads, int kvHeads, double eps) = (_config.Heads, _config.KeyValueHeads, _config.RmsNormEpsilon);
        if (_attention is null)
        {
            return TorchScript.Tensor("block_back", g_TD, kept.Input_TD, kept.Saved, block.Weights, block.Factors, block.Gradients, _scales, masks, layout, pass.Lengths, heads, kvHeads, pass.Prefix, Members, eps, _fused, needs, Ledger?.Counter);
        }

        Tensor[] back = TorchScript.Tensors("block_back_out", g_TD, kept.Saved, block.Weights, block.Factors, block.Gradients, _scales, masks, Members, eps, needs, Ledger?.Counter);
        if (needs <= Attention)
        {
            return back[0];
        }

        Tensor qkv_TNH = _attention.Backward(back[0], kept.Output_TD, kept.Qkv_TNH, kept.Normalisers_TN, pass.Segments, Members);
        return TorchScript.Tensor("block_back_in", qkv_TNH, back[1], kept.Input_TD, kept.Saved, block.Weights, block.Factors, block.Gradients, _scales, masks, layout, heads, kvHeads, Members, eps, needs, Ledger?.Counter);
    }

    private Tensor[] Masks(BlockTensors block, IReadOnlyList<DropoutMasks>? dropout)
    {
        if (dropout is null)
        {
            return [];
        }

        return [.. block.Adapters.Select((adapter, i) => adapter is null
            ? _absent
            : dropout[i % Members].Packed(adapter.Module, adapter.DropoutRate, adapter.A_RI.shape[1], _model.Device))];
    }

    // Blocks below the first adapter keep their output alone: less than the arena counts on.
    private Tensor[] Keep(int block, Tensor[] saved) => _arena is null || block < _lowest ? saved : _arena.Keep(saved);

    private static Tensor Outlive(Tensor[] saved)
    {
        foreach (Tensor tensor in saved)
        {
            tensor.MoveToOuterDisposeScope();
        }

        return saved[0];
    }

    /// <summary>A block's input and what it keeps for the way back; the input is the block below's output.</summary>
    private sealed record KeptBlock(Tensor Input_TD, Tensor[] Saved) : IDisposable
    {
        public Tensor Qkv_TNH => Saved[1];

        public Tensor Output_TD => Saved[2];

        public Tensor Normalisers_TN => Saved[6];

        public void Dispose()
        {
            foreach (Tensor tensor in Saved)
            {
                tensor.Dispose();
            }
        }
    }
}
