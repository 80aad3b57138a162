using LoraLab.Training.Models.Packed;

namespace LoraLab.Training.Models.Memory;

/// <summary>Bytes of a pass as a function of its shape.</summary>
/// <param name="PerRow">Bytes per row.</param>
/// <param name="PerCell">Bytes per cell of padded attention.</param>
/// <param name="PerBucketCell">Bytes per cell of the largest bucket: buckets are computed one after another.</param>
/// <param name="PerPair">Bytes per query–key pair, for attention that materializes its scores.</param>
public readonly record struct PassBytes(double PerRow, double PerCell = 0, double PerBucketCell = 0, double PerPair = 0)
{
    /// <summary>The sum of both.</summary>
    public static PassBytes operator +(PassBytes a, PassBytes b) =>
        new(a.PerRow + b.PerRow, a.PerCell + b.PerCell, a.PerBucketCell + b.PerBucketCell, a.PerPair + b.PerPair);

    /// <summary>Bytes for a given shape.</summary>
    public double Of(PassShape shape) =>
        (PerRow * shape.Rows) + (PerCell * shape.Cells) + (PerBucketCell * shape.BucketCells) + (PerPair * shape.BucketPairs);
}
