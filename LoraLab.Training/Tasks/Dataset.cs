using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Data;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Tasks;

/// <summary>A dataset in memory, read by its task.</summary>
public abstract class Dataset
{
    /// <summary>Name by which specifications refer to it.</summary>
    public required string Name { get; init; }

    /// <summary>Key of the metric by which its runs are compared; null: that of the task.</summary>
    public string? Metric { get; init; }

    /// <summary>True for a toy dataset, whose results say nothing about methods.</summary>
    public bool Toy { get; init; }

    /// <summary>What looks wrong, but can be read.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Source files, training file first, with their hashes for the fingerprint.</summary>
    public IReadOnlyList<DatasetFile> Files { get; init; } = [];

    /// <summary>Its catalog entry.</summary>
    public abstract DatasetEntry Entry { get; }

    /// <summary>Prompt of runs that name none.</summary>
    public abstract string DefaultPrompt { get; }

    /// <summary>Returns a specification with the values that the dataset determines where it names none.</summary>
    public virtual RunSpec Complete(RunSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return spec.Prompt is null ? spec with { Prompt = DefaultPrompt } : spec;
    }

    /// <summary>Checks that a run that trains on the dataset can learn what its evaluation asks for.</summary>
    /// <exception cref="RunFailure">It cannot; field <c>dataset</c>.</exception>
    public virtual void RequireTrainable()
    {
    }

    /// <summary>Returns rows as text, in file order.</summary>
    /// <param name="evaluation">Whether they are evaluation rows; otherwise training rows.</param>
    /// <param name="offset">Rows to skip.</param>
    /// <param name="limit">Maximum number of rows.</param>
    public abstract IReadOnlyList<DatasetRow> Rows(bool evaluation, int offset, int limit);

    /// <summary>Selects the training and evaluation rows of a run.</summary>
    /// <param name="spec">Its specification: dataSeed, dataOffset, trainSamples, orderSeed, evalSplit and evalSamples are used.</param>
    /// <param name="heldOut">
    /// Calibration rows of another run, whose adapter is evaluated: the selection split skips them; null: those of the specification.
    /// </param>
    /// <exception cref="RunFailure">A number is out of range, or the selection split has too few rows.</exception>
    public abstract SelectedRows Select(RunSpec spec, CalibrationRule? heldOut = null);

    /// <summary>A row as text, whose long texts are cut.</summary>
    private protected static DatasetRow Text(int row, IReadOnlyList<string> columns, IEnumerable<string> texts, string? label)
    {
        int longest = DatasetRows.MaximumText / Math.Max(1, columns.Count / 4);
        return new()
        {
            Row = row,
            Columns = columns.Zip(texts).ToDictionary(
                column => column.First,
                column => column.Second.Length > longest ? string.Concat(column.Second.AsSpan(0, longest), "…") : column.Second),
            Label = label,
        };
    }
}
