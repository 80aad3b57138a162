using LoraLab.Training.Packing;

namespace LoraLab.Training.Engine;

/// <summary>Bytes of a pass, before its shape is known.</summary>
/// <param name="PerRow">For each of its rows.</param>
/// <param name="PerSlot">For each slot that attention pads to.</param>
/// <param name="PerPair">For each pair of slots of one sentence: attention that keeps its scores.</param>
public readonly record struct PassBytes(double PerRow, double PerSlot = 0, double PerPair = 0)
{
    /// <summary>Bytes of a pass of a shape.</summary>
    public double Of(PassShape shape) => (PerRow * shape.Rows) + (PerSlot * shape.Slots) + (PerPair * shape.Slots * shape.Length);

    /// <summary>Both together.</summary>
    public static PassBytes operator +(PassBytes a, PassBytes b) => new(a.PerRow + b.PerRow, a.PerSlot + b.PerSlot, a.PerPair + b.PerPair);
}
