using LoraLab.Training.Adapters;
using LoraLab.Training.Torch;
using TorchSharp;
using static TorchSharp.torch;

namespace LoraLab.Training.Models.Packed;

/// <summary>
/// A Llama over packed rows with hand-derived gradients: the same mathematics as <see cref="LlamaModel"/> under autograd, in one pass
/// of an optimizer step.
/// </summary>
public sealed class PackedLlama : IDisposable
{
    private const int WholeBlock = 5;
    private const int Attention = 3;
    private readonly LlamaModel _model;
    private readonly LlamaConfig _config;
    private readonly BlockTensors[] _blocks;
    private readonly Tensor _absent = zeros(0).DetachFromDisposeScope();
    private readonly double _scale;
    private readonly bool _fused;
    private readonly int _lowest;
    private readonly ActivationArena? _arena;
    private readonly RowAttention? _attention;

    /// <summary>A model with the adapters that are on it. Gradients go where the trained factors' <c>grad</c> is now; without one there are none.</summary>
    public PackedLlama(LlamaModel model)
    {
        (_model, _config) = (model, model.Config);
        _blocks = [.. model.Blocks.Select(block => new BlockTensors(block, _absent))];
        _scale = model.Linears.Select(linear => linear.Adapter).OfType<LowRankAdapter>().FirstOrDefault()?.Scaling ?? 1;
        _fused = model.Device.type == DeviceType.CPU;
        _lowest = Array.FindIndex(_blocks, block => block.LowestAdapted > 0);
        _arena = _fused ? new(_blocks.Length) : null;
        _attention = RowAttention.Takes(_config, _fused, half: model.Blocks[0].Linears[0].Weight_OI.dtype != float32) ? new(_config) : null;
    }

    /// <summary>Bytes that the last pass kept for the way back; 0 on a GPU, where nothing counts them.</summary>
    internal long KeptBytes => _arena?.UsedBytes ?? 0;

    /// <summary>Counts the frozen products, where somebody wants to know.</summary>
    public FlopLedger? Ledger { get; set; }

    /// <summary>
    /// Loss of a pass, float64 [1]; the gradients, times the loss scale, are added to the factors'. The current dispose scope owns the result.
    /// </summary>
    /// <param name="pass">The sentences.</param>
    /// <param name="lossScale">Factor of the gradient.</param>
    /// <param name="dropout">Masks of the pass; null: no dropout.</param>
    /// <param name="cancellation">Polled between blocks.</param>
    /// <exception cref="OperationCanceledException">Cancelled; the gradients are incomplete then.</exception>
    public Tensor Gradient(TrainingPass pass, double lossScale = 1, DropoutMasks? dropout = null, CancellationToken cancellation = default)
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        (Tensor x_TD, Tensor[] layout) = Enter(pass.Layout);
        List<SavedBlock> kept = [];
        _arena?.Begin();
        for (int i = 0; i < _blocks.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            using IDisposable blockScope = NewDisposeScope();
            Tensor[] masks = Masks(_blocks[i], dropout);
            Tensor[] saved = Keep(i, Forward(_blocks[i], x_TD, pass.Layout, layout, masks, keep: i >= _lowest, rows: null));
            kept.Add(new SavedBlock(x_TD, saved));
            x_TD = Outlive(saved);
        }

        Tensor[] result = TorchScript.Tensors(
            "loss_head", x_TD, pass.Targets, _model.FinalNorm.Weight_D, _config.RmsNormEpsilon, _model.Head_VD, pass.Chunks(), lossScale, Ledger?.Counter);
        Tensor loss = result[0].MoveToOuterDisposeScope();
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

        return loss;
    }

    /// <summary>
    /// Residual stream after the last block, of the wanted rows alone: [T, D] → [wanted, D]. The last block's queries, output and MLP are
    /// computed for them only. The current dispose scope owns the result.
    /// </summary>
    /// <param name="layout">The pass.</param>
    /// <param name="rows">Wanted rows, int64.</param>
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
    }

    /// <summary>The residual stream before the first block, fp32, and how attention finds its rows.</summary>
    private (Tensor X_TD, Tensor[] Layout) Enter(PassLayout pass)
    {
        (Tensor ids_T, Tensor positions_T) = pass.Tokens;
        (Tensor cos_T1H, Tensor sin_T1H) = _model.Rotary.At(positions_T);
        return (_model.Embedding_VD.index_select(0, ids_T).to(float32), pass.Attention(cos_T1H, sin_T1H));
    }

    private Tensor[] Forward(BlockTensors block, Tensor x_TD, PassLayout pass, Tensor[] layout, Tensor[] masks, bool keep, Tensor? rows)
    {
        (int heads, int kvHeads, double eps) = (_config.Heads, _config.KeyValueHeads, _config.RmsNormEpsilon);
        if (_attention is null)
        {
            return TorchScript.Tensors("block", x_TD, block.Weights, block.Factors, _scale, masks, layout, pass.Lengths, heads, kvHeads, eps, _fused, keep, rows, Ledger?.Counter);
        }

        Tensor[] entered = TorchScript.Tensors("block_enter", x_TD, block.Weights, block.Factors, _scale, masks, layout, heads, kvHeads, eps, rows, Ledger?.Counter);
        (Tensor a_TD, Tensor normalisers_TN) = _attention.Forward(entered[0], pass.Segments);
        return TorchScript.Tensors("block_leave", x_TD, entered, a_TD, normalisers_TN, block.Weights, block.Factors, _scale, masks, eps, keep, rows, Ledger?.Counter);
    }

    private Tensor Backward(BlockTensors block, Tensor g_TD, SavedBlock kept, PassLayout pass, Tensor[] layout, Tensor[] masks, int needs)
    {
        (int heads, int kvHeads, double eps) = (_config.Heads, _config.KeyValueHeads, _config.RmsNormEpsilon);
        if (_attention is null)
        {
            return TorchScript.Tensor("block_back", g_TD, kept.Input_TD, kept.Saved, block.Weights, block.Factors, block.Gradients, _scale, masks, layout, pass.Lengths, heads, kvHeads, pass.Prefix, eps, _fused, needs, Ledger?.Counter);
        }

        Tensor[] back = TorchScript.Tensors("block_back_out", g_TD, kept.Saved, block.Weights, block.Factors, block.Gradients, _scale, masks, eps, needs, Ledger?.Counter);
        if (needs <= Attention)
        {
            return back[0];
        }

        Tensor qkv_TNH = _attention.Backward(back[0], kept.Output_TD, kept.Qkv_TNH, kept.Normalisers_TN, pass.Segments);
        return TorchScript.Tensor("block_back_in", qkv_TNH, back[1], kept.Input_TD, kept.Saved, block.Weights, block.Factors, block.Gradients, _scale, masks, layout, heads, kvHeads, eps, needs, Ledger?.Counter);
    }

    private Tensor[] Masks(BlockTensors block, DropoutMasks? dropout) => dropout is null
        ? []
        : [.. block.Adapters.Select(adapter => adapter is null ? _absent : dropout.Packed(adapter.Module, adapter.DropoutRate, adapter.A_RI.shape[1], _model.Device))];

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
    private sealed record SavedBlock(Tensor Input_TD, Tensor[] Saved) : IDisposable
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
