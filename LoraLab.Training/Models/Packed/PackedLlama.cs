using LoraLab.Training.Adapters;
using LoraLab.Training.Models.Blocks;
using LoraLab.Training.Torch;
using static TorchSharp.torch;

namespace LoraLab.Training.Models.Packed;

/// <summary>
/// A model over packed sequences with hand-derived gradients: mathematically the same as <see cref="LlamaModel"/> under autograd.
/// </summary>
public sealed class PackedLlama : IDisposable
{
    private readonly LlamaModel _model;
    private readonly LlamaConfig _config;
    private readonly BlockDescription _block;
    private readonly BlockTensors[] _blocks;
    private readonly Tensor _empty = zeros(0).DetachFromDisposeScope();
    private readonly Tensor? _embeddingGradient_VD, _headGradient_VD, _finalGainGradient_D;
    private readonly double _eps, _attentionScale, _softCap;
    private readonly int _heads, _kvHeads, _activation;
    private readonly bool _gpu;
    private readonly int _lowest;
    private readonly ActivationArena? _arena;
    private readonly RowAttention? _attention;
    private readonly DropoutColumns _dropoutColumns;
    private readonly Tensor _epsilon;
    private readonly DenseMemory? _dense;
    private JoinedBlock?[]? _joined;
    private bool _inWindow;

    /// <summary>
    /// A model with its current adapters. Gradients are accumulated into the <c>grad</c> that the trained factors and weights have now;
    /// those without one get no gradient.
    /// </summary>
    public PackedLlama(LlamaModel model)
    {
        (_model, _config, _block) = (model, model.Config, model.Config.Block);
        _gpu = Kernels.For(model.Device) == KernelSet.Gpu;
        _dense = DenseMemory.For(model, joined: _gpu);
        _blocks = [.. model.Blocks.Select(block => new BlockTensors(block, model.Trained, _empty, _dense)
            {
                Rotary = Place(model.Rotaries, block.Rotary),
            })];
        (_embeddingGradient_VD, _headGradient_VD, _finalGainGradient_D) =
            (GradientOf(model.Embedding_VD), GradientOf(model.Head_VD), GradientOf(model.FinalNorm.Weight_D));
        (_heads, _kvHeads, _eps, _activation) = (_block.Heads, _block.KeyValueHeads, _config.RmsNormEpsilon, (int)_block.Activation);
        (_attentionScale, _softCap) = (_block.AttentionScale ?? 1 / Math.Sqrt(_block.HeadSize), _block.AttentionSoftCap ?? 0);
        _dropoutColumns = new(model.Device);
        _epsilon = tensor((float[])[(float)_eps], device: model.Device).DetachFromDisposeScope();
        _lowest = Array.FindIndex(_blocks, block => block.Lowest is not null);
        _arena = _gpu ? null : new(_blocks.Length);
        bool half = model.Linears.First().Dtype != float32;
        _attention = RowAttention.Supports(_block, !_gpu, half) ? new(_block) : null;
    }

    /// <summary>Bytes of activations that the last pass saved for the backward pass.</summary>
    internal long SavedBytes { get; private set; }

    /// <summary>The model whose tensors the kernels use.</summary>
    internal LlamaModel Model => _model;

    /// <summary>Counts the FLOPs of frozen products; null: not counted.</summary>
    public FlopLedger? Ledger { get; set; }

    /// <summary>Whether only the outputs of blocks are saved, and the rest is computed again in the backward pass.</summary>
    public bool Recompute { get; init; }

    /// <summary>Begins a window: computes what the kernels need from the current values of the adapters.</summary>
    public void BeginWindow()
    {
        _inWindow = true;
        Compute(train: true);
    }

    /// <summary>Ends a window: the gradients of all its passes are complete.</summary>
    public void EndWindow()
    {
        _inWindow = false;
        foreach (BlockTensors block in _blocks)
        {
            block.EndWindow();
        }
    }

    /// <summary>
    /// Computes the loss of a pass, float64 [1], and accumulates the gradients of the factors, times the loss scale. The current dispose
    /// scope owns the result. A pass outside a window is a window of its own.
    /// </summary>
    /// <param name="pass">The sentences.</param>
    /// <param name="lossScale">Factor on the gradients.</param>
    /// <param name="dropout">Masks of the pass; null: no dropout.</param>
    /// <param name="cancellation">Polled between blocks.</param>
    /// <exception cref="OperationCanceledException">Cancelled; the gradients are then incomplete.</exception>
    public Tensor Gradient(TrainingPass pass, double lossScale = 1, DropoutMasks? dropout = null, CancellationToken cancellation = default)
    {
        if (!_inWindow)
        {
            BeginWindow();
            Tensor whole = Gradient(pass, lossScale, dropout, cancellation);
            EndWindow();
            return whole;
        }

        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        (Tensor x_TD, Tensor[][] layouts) = Embed(pass.Layout);
        List<SavedBlock> savedBlocks = [];
        PackedMasks? masks = dropout is null ? null : new(dropout, _dropoutColumns);
        JoinedPass? joined = _gpu ? Join(pass.Layout, layouts) : null;
        _arena?.Begin();
        for (int i = 0; i < _blocks.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            using IDisposable blockScope = NewDisposeScope();
            Tensor[] saved = Forward(i, x_TD, pass.Layout, layouts, joined, masks, save: !Recompute && i >= _lowest);
            savedBlocks.Add(new SavedBlock(x_TD, saved));
            x_TD = MoveOutput(saved);
        }

        SavedBytes = (Recompute ? null : _arena?.UsedBytes) ?? savedBlocks.Skip(Math.Max(_lowest, 0)).Sum(block => block.Bytes);
        Tensor[] result = Loss(x_TD, pass, lossScale);
        Tensor loss = result[0].MoveToOuterDisposeScope();
        Tensor g_TD = result[1];
        for (int i = _blocks.Length - 1; i >= Math.Max(_lowest, 0); i--)
        {
            cancellation.ThrowIfCancellationRequested();
            using IDisposable blockScope = NewDisposeScope();
            bool below = i > _lowest || _embeddingGradient_VD is not null;
            SavedBlock saved = Recompute
                ? new(savedBlocks[i].Input_TD, Forward(i, savedBlocks[i].Input_TD, pass.Layout, layouts, joined, masks, save: true))
                : savedBlocks[i];
            Tensor below_TD = joined?.Blocks[i] is JoinedBlock block
                ? Backward(i, block, g_TD, saved, pass.Layout, joined, masks, below)
                : Backward(_blocks[i], g_TD, saved, pass.Layout, layouts, Of(masks, _blocks[i]), below);
            savedBlocks[i].Dispose();
            g_TD.Dispose();
            g_TD = below_TD.MoveToOuterDisposeScope();
        }

        if (_embeddingGradient_VD is not null)
        {
            TorchScript.Run("embedding_backward", g_TD, pass.Layout.Tokens.Ids, _model.EmbeddingScale, _embeddingGradient_VD, _gpu);
        }

        return loss;
    }

    /// <summary>
    /// The residual stream after the last block for selected rows: [T, D] → [rows, D]. The last block's queries, output and MLP are
    /// computed for these rows only. The current dispose scope owns the result.
    /// </summary>
    /// <param name="layout">The pass.</param>
    /// <param name="rows">Selected rows, int64.</param>
    /// <param name="cancellation">Polled between blocks.</param>
    public Tensor ResidualStream(PassLayout layout, Tensor rows, CancellationToken cancellation)
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        Compute(train: false);
        (Tensor x_TD, Tensor[][] layouts) = Embed(layout);
        for (int i = 0; i < _blocks.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            using Tensor input = x_TD;
            Tensor? selected = i == _blocks.Length - 1 ? rows : null;
            x_TD = Forward(_blocks[i], input, layout, layouts, [], save: false, selected)[(int)SavedActivation.Output];
        }

        return x_TD.MoveToOuterDisposeScope();
    }

    /// <summary>Log-probabilities of tokens that follow the selected rows; see <c>label_scores</c>.</summary>
    internal Tensor Scores(Tensor stream_ND, Tensor places, Tensor owners) =>
        TorchScript.Tensor(
            "label_scores", stream_ND, _model.FinalNorm.Gain_D, _config.RmsNormEpsilon, _model.Head_VD, places, owners,
            _config.FinalSoftCap ?? 0.0, Ledger?.Counter);

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (BlockTensors block in _blocks)
        {
            block.Dispose();
        }

        foreach (JoinedBlock? block in _joined ?? [])
        {
            block?.Dispose();
        }

        _arena?.Dispose();
        _dense?.Dispose();
        _attention?.Dispose();
        _epsilon.Dispose();
        _embeddingGradient_VD?.Dispose();
        _headGradient_VD?.Dispose();
        _finalGainGradient_D?.Dispose();
        _dropoutColumns.Dispose();
        _empty.Dispose();
    }

    /// <summary>
    /// The residual stream before the first block, fp32, and the tensors of the attention layout with the angles of each rotary table.
    /// </summary>
    private (Tensor X_TD, Tensor[][] Layouts) Embed(PassLayout pass)
    {
        (Tensor ids_T, Tensor positions_T) = pass.Tokens;
        Tensor[][] layouts = new Tensor[_model.Rotaries.Count][];
        for (int i = 0; i < layouts.Length; i++)
        {
            (Tensor cos_T1H, Tensor sin_T1H) = _model.Rotaries[i].At(positions_T, pass.Length, pass.TextLengths);
            layouts[i] = pass.Attention(cos_T1H, sin_T1H);
        }

        return (_model.Embed(ids_T), layouts);
    }

    // The output of a block and, if they are saved, the activations that its backward pass needs.
    private Tensor[] Forward(
        int index, Tensor x_TD, PassLayout pass, Tensor[][] layouts, JoinedPass? joined, PackedMasks? masks, bool save)
    {
        if (joined?.Blocks[index] is JoinedBlock block)
        {
            Tensor[] all = Forward(index, block, x_TD, pass, joined, masks);
            return save ? all : all[..1];
        }

        Tensor[] saved = Forward(_blocks[index], x_TD, pass, layouts, Of(masks, _blocks[index]), save, rows: null);
        return save && !Recompute && _arena is not null ? _arena.Save(saved) : saved;
    }

    private Tensor[] Forward(BlockTensors block, Tensor x_TD, PassLayout pass, Tensor[][] layouts, Tensor[] masks, bool save, Tensor? rows)
    {
        using IDisposable arguments = block.BeginPass(train: false);
        Tensor[] layout = layouts[block.Rotary];
        if (_attention is null)
        {
            return TorchScript.Tensors(
                "block", x_TD, block.Weights, block.Factors, block.Scales, masks, layout, pass.Lengths, _heads, _kvHeads, _eps,
                _activation, _attentionScale, block.Window, _softCap, !_gpu, save, rows, Ledger?.Counter);
        }

        Tensor[] projected = TorchScript.Tensors("block_before_attention", x_TD, block.Weights, block.Factors, block.Scales, masks, layout,
            _heads, _kvHeads, _eps, rows, Ledger?.Counter);
        (Tensor a_TD, Tensor logSumExp_TN) = _attention.Forward(projected[0], pass.Segments, block.Window, pass.Fans);
        return TorchScript.Tensors(
            "block_after_attention", x_TD, projected, a_TD, logSumExp_TN, block.Weights, block.Factors, block.Scales, masks, _eps,
            _activation, save, rows, Ledger?.Counter);
    }

    /// <summary>
    /// Accumulates the gradients of a block's factors and returns the gradient of its input if <paramref name="below"/>, that is if the
    /// blocks below need it.
    /// </summary>
    private Tensor Backward(
        BlockTensors block, Tensor g_TD, SavedBlock saved, PassLayout pass, Tensor[][] layouts, Tensor[] masks, bool below)
    {
        using IDisposable arguments = block.BeginPass(train: true);
        LinearGroup lowest = below ? LinearGroup.QueryKeyValue : block.Lowest!.Value;
        Tensor[] layout = layouts[block.Rotary];
        if (_attention is null)
        {
            return TorchScript.Tensor(
                "block_backward", g_TD, saved.Input_TD, saved.Tensors, block.Weights, block.Factors, block.Gradients, block.Scales, masks,
                layout, pass.Lengths, _heads, _kvHeads, pass.Prefix, _eps, _activation, _attentionScale, block.Window, _softCap, !_gpu,
                (int)lowest, below, Ledger?.Counter);
        }

        Tensor[] gradients = TorchScript.Tensors("block_after_attention_backward", g_TD, saved.Tensors, block.Weights, block.Factors,
            block.Gradients, block.Scales, masks, _eps, _activation, (int)lowest, Ledger?.Counter);
        if (lowest > LinearGroup.QueryKeyValue)
        {
            return gradients[0];
        }

        Tensor qkv_TNH = _attention.Backward(
            gradients[0], saved[SavedActivation.Attention], saved[SavedActivation.Qkv], saved[SavedActivation.LogSumExp], pass.Segments,
            block.Window);
        return TorchScript.Tensor("block_before_attention_backward", qkv_TNH, gradients[1], saved.Input_TD, saved.Tensors, block.Weights,
            block.Factors, block.Gradients, block.Scales, masks, layout, _heads, _kvHeads, _eps, below, Ledger?.Counter);
    }

    // The indices of attention for blocks in few launches; null: there is no such block.
    private JoinedPass? Join(PassLayout pass, Tensor[][] layouts)
    {
        // When a run begins, the optimizer puts the parameters side by side.
        _joined ??=
        [
            .. _model.Blocks.Select(block =>
                JoinedBlock.Supports(block, _model.Trained is not null) ? JoinedBlock.TryCreate(block, _empty, _dense) : null),
        ];
        if (Array.TrueForAll(_joined, block => block is null))
        {
            return null;
        }

        return new(
            _joined,
            TorchScript.Tensors("joined_plan", layouts[0], pass.Lengths, _heads, _kvHeads),
            [.. layouts.Select(layout => TorchScript.Tensors("joined_angles", layout[1], layout[2]))],
            _blocks.Select(block => block.Window).Distinct()
                .ToDictionary(window => window, window => TorchScript.Tensors("joined_unseen", pass.Lengths, window, layouts[0][0])));
    }

    private Tensor[] Forward(int index, JoinedBlock block, Tensor x_TD, PassLayout pass, JoinedPass joined, PackedMasks? masks)
    {
        BlockTensors tensors = _blocks[index];
        return TorchScript.Tensors(
            "joined_block", x_TD, block.Weights, block.Biases, block.Gains, block.A, block.B, Of(masks, block), _epsilon, block.Scale,
            joined.Angles[tensors.Rotary], joined.Plan, joined.Unseen[tensors.Window], pass.Lengths, _heads, _kvHeads, _activation,
            _attentionScale, Ledger?.Counter);
    }

    private Tensor Backward(
        int index,
        JoinedBlock block,
        Tensor g_TD,
        SavedBlock saved,
        PassLayout pass,
        JoinedPass joined,
        PackedMasks? masks,
        bool below)
    {
        BlockTensors tensors = _blocks[index];
        LinearGroup lowest = below ? LinearGroup.QueryKeyValue : tensors.Lowest!.Value;
        return TorchScript.Tensor(
            "joined_block_backward", g_TD, saved.Input_TD, saved.Tensors, block.Weights, block.Gains, block.A, block.B, block.AGradients,
            block.BGradients, Of(masks, block), block.Scale, joined.Angles[tensors.Rotary], joined.Plan, joined.Unseen[tensors.Window],
            pass.Lengths, _heads, _kvHeads, pass.Prefix, _activation, _attentionScale, (int)lowest, below, Ledger?.Counter);
    }

    private Tensor[] Loss(Tensor x_TD, TrainingPass pass, double lossScale) =>
        _gpu && _model.Trained is null && _config.FinalSoftCap is null
        ? TorchScript.Tensors(
            "joined_loss_head", x_TD, pass.Targets, _model.FinalNorm.Gain_D, _epsilon, _model.Head_VD, pass.Chunks(), lossScale,
            Ledger?.Counter)
        : TorchScript.Tensors(
            "loss_head", x_TD, pass.Targets, _model.FinalNorm.Gain_D, _config.RmsNormEpsilon, _model.Head_VD, pass.Chunks(),
            _config.FinalSoftCap ?? 0.0, lossScale, _finalGainGradient_D ?? _empty, _headGradient_VD ?? _empty, Ledger?.Counter);

    private Tensor? GradientOf(Tensor weight) => _model.Trained?.Gradient(weight)?.DetachFromDisposeScope();

    private void Compute(bool train)
    {
        foreach (BlockTensors block in _blocks)
        {
            block.BeginWindow(train);
        }
    }

    private Tensor[] Of(PackedMasks? masks, BlockTensors block) =>
        masks is null ? [] : [.. block.Adapted.Select(linear => linear is null ? _empty : masks.Of(linear))];

    private Tensor[] Of(PackedMasks? masks, JoinedBlock block) =>
        masks is null ? [] : [.. block.Adapted.Select(linears => linears.Count == 0 ? _empty : masks.Of(linears))];

    private static int Place(IReadOnlyList<RotaryEmbedding> all, RotaryEmbedding rotary) =>
        Enumerable.Range(0, all.Count).First(i => ReferenceEquals(all[i], rotary));

    private static Tensor MoveOutput(Tensor[] saved)
    {
        foreach (Tensor tensor in saved)
        {
            tensor.MoveToOuterDisposeScope();
        }

        return saved[(int)SavedActivation.Output];
    }

    /// <summary>What a pass in few launches needs besides the arguments of its blocks, by rotary table and by window.</summary>
    private sealed record JoinedPass(
        JoinedBlock?[] Blocks, Tensor[] Plan, IReadOnlyList<Tensor[]> Angles, IReadOnlyDictionary<int, Tensor[]> Unseen);

    /// <summary>A block's input, which is the output of the block below, and its saved activations.</summary>
    private sealed record SavedBlock(Tensor Input_TD, Tensor[] Tensors) : IDisposable
    {
        public long Bytes => Tensors.Sum(tensor => tensor.numel() * tensor.ElementSize);

        public Tensor this[SavedActivation activation] => Tensors[(int)activation];

        public void Dispose()
        {
            foreach (Tensor tensor in Tensors)
            {
                tensor.Dispose();
            }
        }
    }
}
