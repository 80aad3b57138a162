using LoraLab.Training.Models.Blocks;
using static TorchSharp.torch;

namespace LoraLab.Training.Models.Generation;

/// <summary>Rotated keys, and values, of one block for the tokens of several texts; a part of a <see cref="KeyValueCache"/>.</summary>
public sealed class LayerCache : IDisposable
{
    private readonly KeyValueCache _owner;
    private readonly int? _window;
    private Tensor _keys_BKCH, _values_BKCH;

    internal LayerCache(KeyValueCache owner, BlockDescription block, int? window, int rows, int capacity, ScalarType dtype, Device device)
    {
        (_owner, _window) = (owner, window);
        (_keys_BKCH, _values_BKCH) = (Empty(), Empty());

        Tensor Empty() =>
            zeros([rows, block.KeyValueHeads, capacity, block.HeadSize], dtype: dtype, device: device).DetachFromDisposeScope();
    }

    /// <summary>Whether the pass is one token of each text, which attends to what is stored; otherwise it is whole texts.</summary>
    public bool Steps => _owner.Steps;

    /// <summary>Stores the keys and values of the first tokens of some texts, [B, K, T, H].</summary>
    public void Fill(Tensor k_BKTH, Tensor v_BKTH)
    {
        Store(_keys_BKCH, k_BKTH);
        Store(_values_BKCH, v_BKTH);

        void Store(Tensor all_BKCH, Tensor part_BKTH)
        {
            using IDisposable scope = NewDisposeScope();
            all_BKCH.narrow(0, _owner.FirstRow, part_BKTH.shape[0]).narrow(2, 0, part_BKTH.shape[2]).copy_(part_BKTH);
        }
    }

    /// <summary>
    /// Stores the keys and values of one more token of each text, [B, K, 1, H], and returns those of all tokens, [B, K, T, H], and which
    /// of them the token sees, [B, 1, 1, T]; null: all. The current dispose scope owns the result.
    /// </summary>
    public (Tensor K_BKTH, Tensor V_BKTH, Tensor? Seen_B11T) Append(Tensor k_BK1H, Tensor v_BK1H)
    {
        Tensor places_BK1H = _owner.Positions_B111.expand(k_BK1H.shape);
        _keys_BKCH.scatter_(2, places_BK1H, k_BK1H);
        _values_BKCH.scatter_(2, places_BK1H, v_BK1H);
        return (_keys_BKCH.narrow(2, 0, _owner.Length), _values_BKCH.narrow(2, 0, _owner.Length), _owner.Seen(_window));
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _keys_BKCH.Dispose();
        _values_BKCH.Dispose();
    }

    /// <summary>Replaces what is stored, for another number of texts or tokens.</summary>
    internal void Replace(Func<Tensor, Tensor> changed)
    {
        using IDisposable scope = NewDisposeScope();
        (Tensor keys, Tensor values) = (changed(_keys_BKCH), changed(_values_BKCH));
        Dispose();
        (_keys_BKCH, _values_BKCH) = (keys.DetachFromDisposeScope(), values.DetachFromDisposeScope());
    }
}
