using LoraLab.Training.Models;
using LoraLab.Training.Models.Packed;
using static TorchSharp.torch;

namespace LoraLab.Training.Tasks.Completion;

/// <summary>
/// A packed pass over several evaluation rows: their common beginnings are computed once, and the output head only at positions that a
/// target follows, in chunks.
/// </summary>
internal sealed class LossPass : IDisposable
{
    private readonly IndexArena _arena;
    private readonly PassLayout _layout;
    private readonly int _scoredRowCount;
    private readonly Range _scoredRows;
    private readonly List<(int Start, int Count, Range Places, Range Owners)> _chunks = [];

    private LossPass(
        IndexArena arena, IReadOnlyList<int> examples, IReadOnlyList<CompletionExample> all, LlamaConfig config, bool bucketed)
    {
        _arena = arena;
        PackedRows rows = PackedRows.AsTree([.. examples.Select(example => all[example].Ids[..^1])], bucketed, config.Rope.Variant);
        _layout = new(arena, rows);

        // Each target with the packed row that predicts it.
        (int Row, int Id, int Example)[] targets = [.. examples
            .SelectMany((example, s) => all[example].TargetPositions.Select(t => (rows.Row(s, t - 1), all[example].Ids[t], example)))
            .OrderBy(target => target.Item1)];
        int[] scoredRows = [.. targets.Select(target => target.Row).Distinct()];
        (_scoredRowCount, _scoredRows) = (scoredRows.Length, arena.AddIndices(scoredRows));
        Owners = [.. targets.Select(target => target.Example)];
        int vocabulary = config.VocabularySize;
        int next = 0;
        foreach ((int chunk, int[] chunkRows) in scoredRows.Chunk(TrainingPass.ChunkRows(vocabulary)).Index())
        {
            int first = next;
            while (next < targets.Length && targets[next].Row <= chunkRows[^1])
            {
                next++;
            }

            int[] places = [.. targets[first..next].Select(target => Array.BinarySearch(chunkRows, target.Row))];
            _chunks.Add((
                chunk * TrainingPass.ChunkRows(vocabulary),
                chunkRows.Length,
                arena.AddIndices(places.Select((place, i) => checked((place * vocabulary) + targets[first + i].Id))),
                arena.AddIndices(places)));
        }
    }

    /// <summary>The example of each log-probability of the pass.</summary>
    public IReadOnlyList<int> Owners { get; }

    /// <summary>The shape of the pass, which determines its memory.</summary>
    public PassShape Shape => _layout.Shape(_scoredRowCount);

    /// <summary>Packs all examples into passes of about a number of tokens, grouped by length.</summary>
    public static IReadOnlyList<LossPass> Pack(
        IndexArena arena, IReadOnlyList<CompletionExample> examples, int tokensPerPass, LlamaConfig config, bool bucketed)
    {
        List<LossPass> passes = [];
        List<int> pending = [];
        int tokens = 0;
        foreach (int example in Enumerable.Range(0, examples.Count).OrderBy(i => examples[i].Ids.Length))
        {
            int more = examples[example].Ids.Length;
            if (pending.Count > 0 && tokens + more > tokensPerPass)
            {
                passes.Add(new(arena, pending, examples, config, bucketed));
                (pending, tokens) = ([], 0);
            }

            pending.Add(example);
            tokens += more;
        }

        passes.Add(new(arena, pending, examples, config, bucketed));
        return passes;
    }

    /// <summary>Log-probabilities of the targets in the order of <see cref="Owners"/>; the dispose scope owns them.</summary>
    public Tensor LogProbabilities(PackedLlama model, CancellationToken cancellation)
    {
        Tensor stream_ND = model.ResidualStream(_layout, _arena.Indices(_scoredRows), cancellation);
        return cat([.. _chunks.Select(chunk =>
            model.Scores(stream_ND.narrow(0, chunk.Start, chunk.Count), _arena.Indices(chunk.Places), _arena.Indices(chunk.Owners)))]);
    }

    /// <inheritdoc />
    public void Dispose() => _layout.Dispose();
}
