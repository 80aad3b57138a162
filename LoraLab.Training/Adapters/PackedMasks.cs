using static TorchSharp.torch;

namespace LoraLab.Training.Adapters;

/// <summary>The dropout masks of packed sentences, drawn when they are needed. The current dispose scope owns them.</summary>
public sealed class PackedMasks
{
    private readonly DropoutMasks _masks;
    private readonly DropoutColumns _columns;

    // Uploaded once; null: each mask is.
    private readonly Tensor? _rowKeys;

    /// <summary>The masks of a pass, whose row keys the current dispose scope owns.</summary>
    /// <param name="masks">Seed, step and sentences.</param>
    /// <param name="columns">Keys of the columns, on the device of the masks.</param>
    public PackedMasks(DropoutMasks masks, DropoutColumns columns)
    {
        ArgumentNullException.ThrowIfNull(masks);
        ArgumentNullException.ThrowIfNull(columns);
        (_masks, _columns) = (masks, columns);
        _rowKeys = masks.Earlier ? null : masks.RowKeys(columns.Device);
    }

    /// <summary>The mask of an adapted layer's input, [ΣL, in].</summary>
    public Tensor Of(LinearLayer linear)
    {
        ArgumentNullException.ThrowIfNull(linear);
        double rate = linear.Adapter!.DropoutRate;
        return _rowKeys is null
            ? _masks.PackedEarlier(linear.Name, rate, linear.In, _columns.Device)
            : DropoutMasks.Draw(_rowKeys, _columns.Of(linear), rate);
    }

    /// <summary>The masks of adapted layers with inputs of one width and one rate, [layers, ΣL, in].</summary>
    public Tensor Of(IReadOnlyList<LinearLayer> linears)
    {
        ArgumentNullException.ThrowIfNull(linears);
        return _rowKeys is null
            ? stack([.. linears.Select(Of)], dim: 0)
            : DropoutMasks.Draw(_rowKeys, _columns.Of(linears), linears[0].Adapter!.DropoutRate);
    }
}
