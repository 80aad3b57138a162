using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Data;

/// <summary>
/// Which training rows a method calibrates on before training: rows of the permutation that are neither training nor selection rows,
/// unless the specification names others.
/// </summary>
/// <param name="Samples">Number of rows.</param>
/// <param name="Offset">First row in the permutation; null: the last rows of the permutation that the run does not train on.</param>
public sealed record CalibrationRule(int Samples, int? Offset)
{
    private const string OffsetOption = "methodOptions.calibrationOffset";

    /// <summary>The rule of a complete specification; null: its method does not calibrate, or it starts from an adapter.</summary>
    public static CalibrationRule? Of(RunSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return spec.InitFrom is null && (int?)spec.MethodOptions["calibrationSamples"] is int samples
            ? new(samples, (int?)spec.MethodOptions["calibrationOffset"])
            : null;
    }

    /// <summary>Chooses the rows.</summary>
    /// <param name="dataset">Name of the dataset, for messages.</param>
    /// <param name="rows">Number of rows in the training file.</param>
    /// <param name="start">First place of the training rows in the permutation.</param>
    /// <param name="end">Place after the last of them.</param>
    /// <returns>Places in the permutation, ascending, and what a user should know about them; null: nothing.</returns>
    /// <exception cref="RunFailure">The offset leaves too few rows; field <c>methodOptions.calibrationOffset</c>.</exception>
    public (IReadOnlyList<int> Places, string? Note) Choose(string dataset, int rows, int start, int end)
    {
        if (Offset is int offset)
        {
            if (offset > rows - Samples)
            {
                throw RunFailure.BadData(
                    $"{OffsetOption} must be at most {Math.Max(0, rows - Samples)}, because dataset '{dataset}' has {rows} training rows "
                        + $"and calibrationSamples is {Samples}; it is {offset}.",
                    OffsetOption);
            }

            int shared = Math.Max(0, Math.Min(offset + Samples, end) - Math.Max(offset, start));
            return ([.. Enumerable.Range(offset, Samples)], shared == 0
                ? null
                : $"{NumberFormat.Count(shared)} of the {NumberFormat.Count(Samples)} calibration rows are training rows, because "
                    + $"calibrationOffset is {offset}.");
        }

        int[] free = [.. Enumerable.Range(0, start), .. Enumerable.Range(end, rows - end)];
        if (free.Length == 0)
        {
            int count = Math.Min(Samples, rows);
            return (
                [.. Enumerable.Range(rows - count, count)],
                $"The run trains on all rows of dataset '{dataset}', so that its last {NumberFormat.Count(count, "training row")} are the "
                    + "calibration rows; lower trainSamples to calibrate on others.");
        }

        return (free[Math.Max(0, free.Length - Samples)..], free.Length >= Samples
            ? null
            : $"Only {NumberFormat.Count(free.Length, "row")} of dataset '{dataset}' are left besides the training rows for calibration, "
                + $"which asks for {NumberFormat.Count(Samples)}.");
    }
}
