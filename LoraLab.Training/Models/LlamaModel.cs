using LoraLab.Training.Adapters;
using LoraLab.Training.Models.Generation;
using LoraLab.Training.Models.Weights;
using LoraLab.Training.Torch;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace LoraLab.Training.Models;

/// <summary>A language model: embedding, blocks, final norm, tied or untied head.</summary>
public sealed class LlamaModel : IDisposable
{
    private readonly Tensor? _untiedHead_VD;

    /// <summary>
    /// A model with given parts, of which it takes ownership; <paramref name="untiedHead_VD"/> null: tied to the embedding.
    /// </summary>
    public LlamaModel(
        LlamaConfig config,
        Tensor embedding_VD,
        IReadOnlyList<LlamaBlock> blocks,
        RmsNorm finalNorm,
        Tensor? untiedHead_VD,
        IReadOnlyList<RotaryEmbedding> rotaries)
    {
        Config = config;
        Embedding_VD = embedding_VD;
        Blocks = blocks;
        FinalNorm = finalNorm;
        _untiedHead_VD = untiedHead_VD;
        Rotaries = rotaries;
        using Tensor? scale = config.EmbeddingScale is double factor ? tensor([factor]).to(embedding_VD.dtype) : null;
        EmbeddingScale = scale is null ? 1 : TensorReader.Doubles(scale)[0];
    }

    /// <summary>Shape of the model.</summary>
    public LlamaConfig Config { get; }

    /// <summary>
    /// Factor of the embeddings of tokens, rounded to the precision of the weights, as in the reference implementation of the families that
    /// have one; 1: none.
    /// </summary>
    public double EmbeddingScale { get; }

    /// <summary>The weights as parameters of a run that trains all of them; null: they are frozen.</summary>
    public TrainedWeights? Trained { get; private set; }

    /// <summary>Token embedding, [V, D].</summary>
    public Tensor Embedding_VD { get; }

    /// <summary>The blocks.</summary>
    public IReadOnlyList<LlamaBlock> Blocks { get; }

    /// <summary>Rotary tables of the blocks.</summary>
    public IReadOnlyList<RotaryEmbedding> Rotaries { get; }

    /// <summary>Norm after the last block.</summary>
    public RmsNorm FinalNorm { get; }

    /// <summary>Output head, [V, D]; the embedding if tied.</summary>
    public Tensor Head_VD => _untiedHead_VD ?? Embedding_VD;

    /// <summary>Device of the weights.</summary>
    public Device Device => Embedding_VD.device;

    /// <summary>Precision of the weights.</summary>
    public ScalarType Dtype => Embedding_VD.dtype;

    /// <summary>All linear layers of all blocks, in order, without the output head.</summary>
    public IEnumerable<LinearLayer> Linears => Blocks.SelectMany(block => block.Linears);

    /// <summary>The residual stream before the first block, fp32 or better: [T] ids (int64) → [T, D].</summary>
    public Tensor Embed(Tensor ids_T)
    {
        Tensor x_TD = Embedding_VD.index_select(0, ids_T).to(FinalNorm.Weight_D.dtype);
        return EmbeddingScale == 1 ? x_TD : x_TD.Times(EmbeddingScale);
    }

    /// <summary>Hidden states after the final norm. ids [B, T] (int64) → [B, T, D].</summary>
    /// <param name="ids_BT">Token ids, right-padded.</param>
    /// <param name="pass">Context of the pass.</param>
    /// <param name="textLengths">
    /// Tokens of each whole text, the last one included, on which some rotary frequencies depend; null: T for all.
    /// </param>
    /// <param name="cache">Stores the keys and values; null: they are not needed again.</param>
    /// <exception cref="OperationCanceledException">The pass was cancelled between two layers.</exception>
    public Tensor Hidden(Tensor ids_BT, ForwardPass pass, IReadOnlyList<int>? textLengths = null, KeyValueCache? cache = null)
    {
        (int batch, int length) = ((int)ids_BT.shape[0], (int)ids_BT.shape[1]);
        IReadOnlyList<int> texts = textLengths ?? [.. Enumerable.Repeat(length, batch)];
        Dictionary<RotaryEmbedding, (Tensor Cos, Tensor Sin)> angles =
            Rotaries.ToDictionary(rotary => rotary, rotary => Angles(rotary, length, texts));
        return Hidden(Embed(ids_BT.flatten()).view(batch, length, Config.HiddenSize), angles, pass, cache);
    }

    /// <summary>Hidden states after the final norm of the last token of each text, [B, D].</summary>
    /// <param name="ids">The tokens.</param>
    /// <param name="textLengths">Tokens of each text, this one included.</param>
    /// <param name="cache">Keys and values of the tokens before, with the same frequencies; those of this one are stored.</param>
    /// <param name="pass">Context of the pass.</param>
    /// <exception cref="OperationCanceledException">The pass was cancelled between two layers.</exception>
    public Tensor NextHidden(IReadOnlyList<int> ids, IReadOnlyList<int> textLengths, KeyValueCache cache, ForwardPass pass)
    {
        ArgumentNullException.ThrowIfNull(cache);
        int[] positions = [.. textLengths.Select(length => length - 1)];
        cache.BeginStep(positions, Blocks.Select(block => block.Window));
        Tensor positions_B = Longs(positions);
        Dictionary<RotaryEmbedding, (Tensor Cos, Tensor Sin)> angles = Rotaries.ToDictionary(rotary => rotary, rotary =>
        {
            (Tensor cos_B1H, Tensor sin_B1H) = rotary.At(positions_B, positions.Max() + 1, textLengths);
            return (cos_B1H.unsqueeze(1), sin_B1H.unsqueeze(1));
        });
        return Hidden(Embed(Longs(ids)).unsqueeze(1), angles, pass, cache).squeeze(1);

        Tensor Longs(IReadOnlyList<int> values) => tensor([.. values.Select(value => (long)value)], device: Device);
    }

    /// <summary>
    /// One block alone over texts, for what goes through a model block by block. [B, T, D] → [B, T, D]; the input is kept.
    /// </summary>
    /// <param name="index">The block.</param>
    /// <param name="x_BTD">The residual stream before it.</param>
    /// <param name="textLengths">Tokens of each whole text, on which some rotary frequencies depend.</param>
    /// <param name="pass">Context of the pass.</param>
    public Tensor RunBlock(int index, Tensor x_BTD, IReadOnlyList<int> textLengths, ForwardPass pass)
    {
        using IDisposable scope = NewDisposeScope();
        LlamaBlock block = Blocks[index];
        return block.Forward(x_BTD, Angles(block.Rotary, (int)x_BTD.shape[1], textLengths), pass).MoveToOuterDisposeScope();
    }

    private Tensor Hidden(
        Tensor x_BTD, Dictionary<RotaryEmbedding, (Tensor Cos, Tensor Sin)> angles, ForwardPass pass, KeyValueCache? cache)
    {
        for (int i = 0; i < Blocks.Count; i++)
        {
            pass.Cancellation.ThrowIfCancellationRequested();
            x_BTD = RunBlock(Blocks[i], x_BTD, angles[Blocks[i].Rotary], pass, cache?.Layers[i]);
        }

        return FinalNorm.Forward(x_BTD).to(Dtype);
    }

    /// <summary>Cosines and sines, [B or 1, 1, T, H].</summary>
    private static (Tensor Cos, Tensor Sin) Angles(RotaryEmbedding rotary, int length, IReadOnlyList<int> textLengths)
    {
        (Tensor Cos, Tensor Sin)[] texts = [.. textLengths.Distinct().Select(text => rotary.OfText(length, text))];
        if (texts.Length > 1)
        {
            texts = [.. textLengths.Select(text => rotary.OfText(length, text))];
        }

        return (stack(texts.Select(text => text.Cos)).unsqueeze(1), stack(texts.Select(text => text.Sin)).unsqueeze(1));
    }

    /// <summary>
    /// Runs one block and releases its intermediate results: those needed by the backward pass are kept by the autograd graph, and an
    /// evaluation needs none. Without this a pass would hold every intermediate result of every block.
    /// </summary>
    private static Tensor RunBlock(
        LlamaBlock block, Tensor x_BTD, (Tensor Cos, Tensor Sin) angles, ForwardPass pass, LayerCache? cache)
    {
        using IDisposable input = x_BTD;
        using IDisposable scope = NewDisposeScope();
        return block.Forward(x_BTD, angles, pass, cache).MoveToOuterDisposeScope();
    }

    /// <summary>Logits, fp32 or better, of selected hidden states. [N, D] → [N, V].</summary>
    public Tensor Logits(Tensor hidden_ND, ForwardPass? pass = null)
    {
        pass?.Count(hidden_ND, Head_VD.shape[0], Head_VD.shape[1]);
        Tensor logits_NV = functional.linear(hidden_ND, Head_VD);
        logits_NV = logits_NV.dtype is ScalarType.Float32 or ScalarType.Float64 ? logits_NV : logits_NV.to(float32);
        return Config.FinalSoftCap is double cap ? logits_NV.Over(cap).tanh().Times(cap) : logits_NV;
    }

    /// <summary>
    /// Until the result is disposed, passes of this class use what layers compute with now, instead of computing it in each pass; the
    /// adapters must not change.
    /// </summary>
    public IDisposable Hold() => new HeldAdapters(Linears);

    /// <summary>Makes all weights parameters.</summary>
    public TrainedWeights TrainAll() => Trained = new(NamedWeights(), [.. Blocks.SelectMany(block => block.Norms), FinalNorm]);

    /// <summary>Base weights by their names in a Hugging Face checkpoint.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> NamedWeights() =>
        CheckpointShapes.Of(Config).Zip(Weights(), (weight, value) => new KeyValuePair<string, Tensor>(weight.Name, value));

    /// <inheritdoc />
    public void Dispose()
    {
        Trained?.Dispose();
        Embedding_VD.Dispose();
        _untiedHead_VD?.Dispose();
        FinalNorm.Dispose();
        foreach (RotaryEmbedding rotary in Rotaries)
        {
            rotary.Dispose();
        }

        foreach (LlamaBlock block in Blocks)
        {
            block.Dispose();
        }
    }

    // In the order of CheckpointShapes.
    private IEnumerable<Tensor> Weights() =>
    [
        Embedding_VD,
        .. Blocks.SelectMany(block => block.Weights),
        FinalNorm.Weight_D,
        .. _untiedHead_VD is null ? Array.Empty<Tensor>() : [_untiedHead_VD],
    ];
}
