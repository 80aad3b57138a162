using LoraLab.Training.Models.Packed;

namespace LoraLab.Training.Models.Memory;

/// <summary>Bytes of a pass, before its shape is known.</summary>
/// <param name="PerRow">For each of its rows.</param>
/// <param name="PerCell">For each cell that attention pads to.</param>
/// <param name="PerBandCell">For each cell of the largest band: bands are computed one after another.</param>
/// <param name="PerPair">For each pair of cells of one sentence: attention that keeps its scores.</param>
public readonly record struct PassBytes(double PerRow, double PerCell = 0, double PerBandCell = 0, double PerPair = 0)
{
    /// <summary>Bytes of a pass of a shape.</summary>
    public double Of(PassShape shape) => (PerRow * shape.Rows) + (PerCell * shape.Cells) + (PerBandCell * shape.BandCells) + (PerPair * shape.BandPairs);

    /// <summary>Both together.</summary>
    public static PassBytes operator +(PassBytes a, PassBytes b) => new(a.PerRow + b.PerRow, a.PerCell + b.PerCell, a.PerBandCell + b.PerBandCell, a.PerPair + b.PerPair);
}
