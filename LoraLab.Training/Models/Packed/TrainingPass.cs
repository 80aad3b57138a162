using LoraLab.Training.Data;
using static TorchSharp.torch;

namespace LoraLab.Training.Models.Packed;

/// <summary>Sentences of a window packed for one forward and backward pass (a micro-batch), with their prediction targets.</summary>
public sealed class TrainingPass : IDisposable
{
    // Logits of a chunk: 16 MiB in fp32, or more for a vocabulary of which that would be few rows, since every chunk reads the whole head;
    // 64 MiB for 262,144 tokens. They are the only activation of a pass that is as wide as the vocabulary.
    private const int LogitsPerChunk = 4 << 20;
    private const int RowsOfLargeVocabulary = 64;
    private readonly IndexArena _arena;
    private readonly Range _targetRows;
    private readonly List<(Range RowWeights, Range Places, Range Weights)> _chunks = [];

    private TrainingPass(IndexArena arena, IReadOnlyList<TrainingExample> examples, PackedRows rows, PackedTargets targets, int vocabulary)
    {
        (_arena, Examples, Layout) = (arena, examples, new PassLayout(arena, rows));
        _targetRows = arena.AddIndices(targets.Rows);
        TargetRows = targets.Rows.Count;
        foreach (IReadOnlyDictionary<int, double>[] chunk in targets.Targets.Chunk(ChunkRows(vocabulary)))
        {
            _chunks.Add((
                arena.AddWeights(chunk.Select(tokens => tokens.Values.Sum())),
                arena.AddIndices(chunk.SelectMany((tokens, row) => tokens.Keys.Select(id => checked((row * vocabulary) + id)))),
                arena.AddWeights(chunk.SelectMany(tokens => tokens.Values))));
        }
    }

    /// <summary>The sentences.</summary>
    public IReadOnlyList<TrainingExample> Examples { get; }

    /// <summary>Layout of their tokens, except the last of each, which is only a target.</summary>
    public PassLayout Layout { get; }

    /// <summary>Number of rows that have targets: the rows of the output head's products.</summary>
    public int TargetRows { get; }

    /// <summary>Rows that have targets, int64; the current dispose scope owns this view.</summary>
    public Tensor Targets => _arena.Indices(_targetRows);

    /// <summary>Packs sentences into an arena.</summary>
    /// <param name="arena">Receives the indices.</param>
    /// <param name="examples">The sentences.</param>
    /// <param name="limits">Whether to share the common prefix, and how attention pads.</param>
    /// <param name="weight">Weight of each target token of a sentence in the window's loss.</param>
    /// <param name="config">The model: its vocabulary, and whether texts of different lengths rotate alike.</param>
    public static TrainingPass Create(
        IndexArena arena,
        IReadOnlyList<TrainingExample> examples,
        PassLimits limits,
        Func<TrainingExample, double> weight,
        LlamaConfig config)
    {
        int[][] inputs = [.. examples.Select(example => example.Ids[..^1])];
        RopeSettings rope = config.Rope;
        bool shared = limits.SharePrefix && inputs.Length > 1
            && examples.Select(example => rope.Variant(example.Ids.Length)).Distinct().Count() == 1;
        PackedRows rows = PackedRows.WithPrefix(inputs, shared ? PackedRows.CommonPrefix(inputs) : 0, limits.Bucketed);
        return new(arena, examples, rows, PackedTargets.Of(examples, rows, weight), config.VocabularySize);
    }

    /// <summary>Number of rows per chunk of the loss for a vocabulary size.</summary>
    public static int ChunkRows(int vocabulary) => Math.Max(RowsOfLargeVocabulary, LogitsPerChunk / vocabulary);

    /// <summary>For each chunk of rows: row weights [rows, 1], index row·V + id of each target, weight of each target.</summary>
    public Tensor[] Chunks()
    {
        Tensor[] chunks = new Tensor[3 * _chunks.Count];
        for (int i = 0; i < _chunks.Count; i++)
        {
            chunks[3 * i] = _arena.Weights(_chunks[i].RowWeights).unsqueeze(1);
            chunks[(3 * i) + 1] = _arena.Indices(_chunks[i].Places);
            chunks[(3 * i) + 2] = _arena.Weights(_chunks[i].Weights);
        }

        return chunks;
    }

    /// <inheritdoc />
    public void Dispose() => Layout.Dispose();
}
