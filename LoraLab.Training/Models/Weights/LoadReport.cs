using System.Globalization;

namespace LoraLab.Training.Models.Weights;

/// <summary>How the weights of a model were loaded.</summary>
public sealed record LoadReport
{
    /// <summary>Number of weight values.</summary>
    public long Values { get; init; }

    /// <summary>Bytes that are memory-mapped from the file.</summary>
    public long MappedBytes { get; init; }

    /// <summary>Bytes that were copied: to another device, to another precision, or because the file could not be mapped.</summary>
    public long CopiedBytes { get; init; }

    /// <summary>Number of values that underflowed to 0 in the requested precision.</summary>
    public long FlushedToZero { get; init; }

    /// <summary>Tensor with the most of them; null: none.</summary>
    public string? MostFlushed { get; init; }

    /// <summary>A warning about underflowed values, or null.</summary>
    public string? Warning => FlushedToZero == 0 ? null : string.Create(
        CultureInfo.InvariantCulture,
        $"{FlushedToZero:N0} of {Values:N0} weights are too small for the precision and became 0, "
            + $"most of them in '{MostFlushed}'; fp32 has the range to keep them.");
}
