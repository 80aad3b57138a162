using static TorchSharp.torch;

namespace LoraLab.Training.Packing;

/// <summary>The indices of one pass in an <see cref="IndexArena"/>: which tokens, where, and how attention finds them.</summary>
public sealed class PassLayout
{
    private readonly IndexArena _arena;
    private readonly Range _ids, _positions, _slots, _home;

    /// <summary>Puts packed rows into an arena.</summary>
    public PassLayout(IndexArena arena, PackedRows rows)
    {
        _arena = arena;
        (Rows, Sequences, Length, Prefix) = (rows.Ids.Count, rows.Sequences, rows.Length, rows.Shared);
        _ids = arena.AddIndices(rows.Ids);
        _positions = arena.AddIndices(rows.Positions);
        _slots = arena.AddIndices(rows.Slots);
        _home = arena.AddIndices(rows.Home);
    }

    /// <summary>T: rows of the pass.</summary>
    public int Rows { get; }

    /// <summary>S: sequences of the pass.</summary>
    public int Sequences { get; }

    /// <summary>L: tokens of the longest sequence.</summary>
    public int Length { get; }

    /// <summary>P: the first rows, shared by all sequences.</summary>
    public int Prefix { get; }

    /// <summary>
    /// The tensors of the pass for a gang, whose members stand one under another with the same tokens; the current dispose scope
    /// owns them.
    /// </summary>
    public PassTensors For(int members)
    {
        Tensor slots = _arena.Indices(_slots);
        Tensor home = _arena.Indices(_home);
        Tensor ids = _arena.Indices(_ids);
        Tensor positions = _arena.Indices(_positions);
        if (members > 1)
        {
            Tensor member_M1 = arange(members, device: ids.device).unsqueeze(1);
            (ids, positions) = (ids.repeat(members), positions.repeat(members));
            slots = slots.unsqueeze(0).add(member_M1.mul(Rows)).flatten();
            home = home.unsqueeze(0).add(member_M1.mul((long)Sequences * Length)).flatten();
        }

        Tensor owner = zeros((long)members * Sequences * Length, ScalarType.Bool, ids.device).index_fill_(0, home, true);
        return new(ids, positions, slots, home, owner);
    }
}

/// <summary>Indices of a pass on the device, int64.</summary>
/// <param name="Ids_T">Token of each row.</param>
/// <param name="Positions_T">Position of each row.</param>
/// <param name="Slots">Row in each slot, [S·L].</param>
/// <param name="Home_T">The slot that each row is read back from.</param>
/// <param name="Owner">Whether a slot is some row's home, [S·L].</param>
public readonly record struct PassTensors(Tensor Ids_T, Tensor Positions_T, Tensor Slots, Tensor Home_T, Tensor Owner);
