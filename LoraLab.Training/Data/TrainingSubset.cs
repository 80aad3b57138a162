using LoraLab.Contracts.Runs;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Data;

/// <summary>The training rows of a run, selected by its specification.</summary>
/// <typeparam name="TRow">A row of the task.</typeparam>
public sealed class TrainingSubset<TRow>
{
    private TrainingSubset(IReadOnlyList<TRow> consumed, IEnumerable<TRow> remaining)
    {
        Consumed = consumed;
        Remaining = remaining;
    }

    /// <summary>Rows on which the method calibrates before training, in the order of selection; empty: it does not.</summary>
    public IReadOnlyList<TRow> Calibration { get; private init; } = [];

    /// <summary>What a user should know about the calibration rows; null: nothing.</summary>
    public string? CalibrationNote { get; private init; }

    /// <summary>Training rows in the order of every epoch.</summary>
    public IReadOnlyList<TRow> Consumed { get; }

    /// <summary>Rows after the subset in the order of selection, on which the run neither trains nor calibrates.</summary>
    public IEnumerable<TRow> Remaining { get; }

    /// <summary>Selects the rows of a run.</summary>
    /// <param name="dataset">Name of the dataset, for messages.</param>
    /// <param name="rows">Its training rows in file order.</param>
    /// <param name="spec">Specification of the run: dataSeed, dataOffset, trainSamples and orderSeed are used, evalSamples is
    /// checked.</param>
    /// <param name="calibration">Rows on which the method calibrates; null: none.</param>
    /// <exception cref="RunFailure">A number is out of range.</exception>
    public static TrainingSubset<TRow> Select(
        string dataset, IReadOnlyList<TRow> rows, RunSpec spec, CalibrationRule? calibration = null)
    {
        RequireBounds(spec);
        if (spec.DataOffset >= rows.Count)
        {
            throw RunFailure.BadData(
                $"dataOffset must be 0 to {rows.Count - 1}, because dataset '{dataset}' has {rows.Count} "
                    + $"training rows; it is {spec.DataOffset}.",
                "dataOffset");
        }

        IReadOnlyList<TRow> all = Permute(rows, spec.DataSeed);
        int end = (int)Math.Min(rows.Count, (long)spec.DataOffset + spec.TrainSamples);
        TRow[] selected = [.. all.Skip(spec.DataOffset).Take(end - spec.DataOffset)];
        IReadOnlyList<TRow> consumed = Permute(selected, spec.OrderSeed);
        if (calibration is null)
        {
            return new(consumed, all.Skip(end));
        }

        (IReadOnlyList<int> places, string? note) = calibration.Choose(dataset, rows.Count, spec.DataOffset, end);
        HashSet<int> calibrated = [.. places];
        IEnumerable<TRow> remaining = Enumerable.Range(end, all.Count - end).Where(place => !calibrated.Contains(place))
            .Select(place => all[place]);
        return new(consumed, remaining)
        {
            Calibration = [.. places.Select(place => all[place])],
            CalibrationNote = note,
        };
    }

    private static IReadOnlyList<TRow> Permute(IReadOnlyList<TRow> rows, long? seed) =>
        seed is long value ? [.. NumpyRandom.Permutation(value, rows.Count).Select(i => rows[i])] : rows;

    private static void RequireBounds(RunSpec spec)
    {
        foreach (SpecFieldDescriptor field in SpecFieldCatalog.Of(spec).Fields.Where(field => field.Has(SpecRoles.Data)))
        {
            if (field.Problem(spec) is string problem)
            {
                throw RunFailure.BadData(problem, field.Name);
            }
        }
    }
}
