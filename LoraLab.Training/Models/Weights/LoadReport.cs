using System.Globalization;

namespace LoraLab.Training.Models.Weights;

/// <summary>How the weights of a model came into memory.</summary>
public sealed record LoadReport
{
    /// <summary>Number of weight values.</summary>
    public long Values { get; init; }

    /// <summary>Bytes that are used where they lie in the file.</summary>
    public long MappedBytes { get; init; }

    /// <summary>
    /// Bytes of memory that were filled: on another device, in another precision, or because the file could not be mapped.
    /// </summary>
    public long CopiedBytes { get; init; }

    /// <summary>Values that are not 0 in the file and 0 in the precision that was asked for.</summary>
    public long FlushedToZero { get; init; }

    /// <summary>The tensor with most of them; null where there are none.</summary>
    public string? MostFlushed { get; init; }

    /// <summary>One sentence about the values that became 0, or null.</summary>
    public string? Warning => FlushedToZero == 0 ? null : string.Create(
        CultureInfo.InvariantCulture,
        $"{FlushedToZero:N0} of {Values:N0} weights are too small for the precision and became 0, most of them in '{MostFlushed}'; a precision of wider range (fp32) keeps them.");
}
