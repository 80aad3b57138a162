using static TorchSharp.torch;

namespace LoraLab.Training.Models.Generation;

/// <summary>
/// Keys and values of several texts in all blocks, so that a further token of each takes a pass over that token alone. Each text starts at
/// place 0 of its row, whatever the lengths of the others; what lies behind its last token is overwritten before it is seen.
/// </summary>
public sealed class KeyValueCache : IDisposable
{
    /// <summary>Tokens beyond those of the longest text for which there is place.</summary>
    internal const int Spare = 64;

    private readonly Device _device;
    private readonly Dictionary<int, Tensor> _seen = [];
    private int _capacity;
    private Tensor? _positions_B111;

    /// <summary>A cache for a number of texts.</summary>
    /// <param name="model">The model.</param>
    /// <param name="rows">Number of texts.</param>
    /// <param name="length">Tokens that the longest has now.</param>
    public KeyValueCache(LlamaModel model, int rows, int length)
    {
        ArgumentNullException.ThrowIfNull(model);
        (_device, _capacity) = (model.Device, length + Spare);
        Layers = [.. model.Blocks.Select(block =>
            new LayerCache(this, block.Description, block.Window, rows, _capacity, model.Dtype, model.Device))];
    }

    /// <summary>The parts, in the order of the blocks.</summary>
    public IReadOnlyList<LayerCache> Layers { get; }

    /// <summary>Whether the next pass is one token of each text.</summary>
    internal bool Steps { get; private set; }

    /// <summary>Row of the first text of the next pass over whole texts.</summary>
    internal int FirstRow { get; private set; }

    /// <summary>Tokens of the longest text in a pass of one token of each.</summary>
    internal int Length { get; private set; }

    /// <summary>Place of the token of each text, int64 [B, 1, 1, 1].</summary>
    internal Tensor Positions_B111 => _positions_B111 ?? throw new InvalidOperationException("No step has begun.");

    /// <summary>The next pass is over whole texts, whose rows follow from one on.</summary>
    /// <param name="firstRow">The row.</param>
    /// <param name="length">Tokens of the longest text.</param>
    public void BeginTexts(int firstRow, int length)
    {
        Reserve(length);
        (Steps, FirstRow) = (false, firstRow);
    }

    /// <summary>The next pass is over one token of each text. The current dispose scope owns what it needs.</summary>
    /// <param name="positions">Place of the token in its text, for each row.</param>
    /// <param name="windows">Windows of the blocks.</param>
    public void BeginStep(IReadOnlyList<int> positions, IEnumerable<int?> windows)
    {
        (Steps, Length) = (true, positions.Max() + 1);
        Reserve(Length);
        _positions_B111 = Column(positions.Select(place => (long)place));
        _seen.Clear();
        foreach (int window in windows.Distinct().Select(window => window ?? int.MaxValue))
        {
            if (positions.Any(place => place < Length - 1) || window < Length)
            {
                Tensor keys_T = tensor([.. Enumerable.Range(0, Length).Select(place => (long)place)], device: _device);
                Tensor before_B111 = Column(positions.Select(place => (long)place - window));
                _seen[window] = keys_T.le(_positions_B111).logical_and(keys_T.gt(before_B111));
            }
        }

        Tensor Column(IEnumerable<long> values) => tensor([.. values], device: _device).view(-1, 1, 1, 1);
    }

    /// <summary>Keeps some of the texts, in their order.</summary>
    public void Keep(IReadOnlyList<int> rows)
    {
        using Tensor indices = tensor([.. rows.Select(row => (long)row)], device: _device);
        foreach (LayerCache layer in Layers)
        {
            layer.Replace(all_BKCH => all_BKCH.index_select(0, indices));
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (LayerCache layer in Layers)
        {
            layer.Dispose();
        }
    }

    /// <summary>Tokens for which there is place once the texts have grown.</summary>
    /// <param name="first">Tokens of the longest text at first.</param>
    /// <param name="last">Its tokens at the end.</param>
    internal static long Capacity(int first, int last)
    {
        long capacity = first + Spare;
        while (capacity < last)
        {
            capacity = Grown(capacity, capacity + 1);
        }

        return capacity;
    }

    /// <summary>Which keys the token of each text sees, [B, 1, 1, T]; null: all.</summary>
    internal Tensor? Seen(int? window) => _seen.GetValueOrDefault(window ?? int.MaxValue);

    private static long Grown(long capacity, long length) => Math.Max(length + Spare, 2 * capacity);

    private void Reserve(int length)
    {
        if (length <= _capacity)
        {
            return;
        }

        long added = Grown(_capacity, length) - _capacity;
        foreach (LayerCache layer in Layers)
        {
            layer.Replace(all_BKCH =>
            {
                long[] shape = [all_BKCH.shape[0], all_BKCH.shape[1], added, all_BKCH.shape[3]];
                return cat([all_BKCH, zeros(shape, dtype: all_BKCH.dtype, device: _device)], 2);
            });
        }

        _capacity += (int)added;
    }
}
