using LoraLab.Training.Models.Packed;
using static TorchSharp.torch;

namespace LoraLab.Training.Tasks;

/// <summary>
/// The scored tokens of a packed pass: the output head is computed only at the rows that one of them follows, in chunks of rows.
/// </summary>
/// <typeparam name="TOwner">To what a token belongs.</typeparam>
internal sealed class ScoredTokens<TOwner> : IDisposable
{
    private readonly IndexArena _arena;
    private readonly PassLayout _layout;
    private readonly int _rowCount;
    private readonly Range _rows;
    private readonly List<(int Start, int Count, Range Places, Range Owners)> _chunks = [];

    /// <summary>Adds the indices of a pass to an arena.</summary>
    /// <param name="arena">Receives the indices.</param>
    /// <param name="packed">Rows of the pass.</param>
    /// <param name="scored">Each token, with the packed row that predicts it.</param>
    /// <param name="vocabulary">Entries of the vocabulary.</param>
    public ScoredTokens(IndexArena arena, PackedRows packed, IEnumerable<(int Row, int Id, TOwner Owner)> scored, int vocabulary)
    {
        _arena = arena;
        _layout = new(arena, packed);
        (int Row, int Id, TOwner Owner)[] tokens = [.. scored.OrderBy(token => token.Row)];
        int[] rows = [.. tokens.Select(token => token.Row).Distinct()];
        (_rowCount, _rows) = (rows.Length, arena.AddIndices(rows));
        Owners = [.. tokens.Select(token => token.Owner)];
        int start = 0, next = 0;
        foreach (int[] chunk in rows.Chunk(TrainingPass.ChunkRows(vocabulary)))
        {
            int first = next;
            while (next < tokens.Length && tokens[next].Row <= chunk[^1])
            {
                next++;
            }

            int[] places = [.. tokens[first..next].Select(token => Array.BinarySearch(chunk, token.Row))];
            _chunks.Add((
                start,
                chunk.Length,
                arena.AddIndices(places.Select((place, i) => checked((place * vocabulary) + tokens[first + i].Id))),
                arena.AddIndices(places)));
            start += chunk.Length;
        }
    }

    /// <summary>The owner of each log-probability.</summary>
    public IReadOnlyList<TOwner> Owners { get; }

    /// <summary>The shape of the pass, which determines its memory.</summary>
    public PassShape Shape => _layout.Shape(_rowCount);

    /// <summary>Log-probabilities of the tokens in the order of <see cref="Owners"/>; the dispose scope owns them.</summary>
    public Tensor LogProbabilities(PackedLlama model, CancellationToken cancellation)
    {
        Tensor stream_ND = model.ResidualStream(_layout, _arena.Indices(_rows), cancellation);
        return cat([.. _chunks.Select(chunk =>
            model.Scores(stream_ND.narrow(0, chunk.Start, chunk.Count), _arena.Indices(chunk.Places), _arena.Indices(chunk.Owners)))]);
    }

    /// <inheritdoc />
    public void Dispose() => _layout.Dispose();
}
