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

    /// <summary>Training rows in the order of every epoch.</summary>
    public IReadOnlyList<TRow> Consumed { get; }

    /// <summary>Rows after the subset in the order of selection, on which the run does not train.</summary>
    public IEnumerable<TRow> Remaining { get; }

    /// <summary>Selects the rows of a run.</summary>
    /// <param name="dataset">Name of the dataset, for messages.</param>
    /// <param name="rows">Its training rows in file order.</param>
    /// <param name="spec">Specification of the run: dataSeed, dataOffset, trainSamples and orderSeed are used, evalSamples is
    /// checked.</param>
    /// <exception cref="RunFailure">A number is out of range.</exception>
    public static TrainingSubset<TRow> Select(string dataset, IReadOnlyList<TRow> rows, RunSpec spec)
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
        return new(Permute(selected, spec.OrderSeed), all.Skip(end));
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
