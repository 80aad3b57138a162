using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Tasks;
using LoraLab.Server.Comparison.Statistics;
using LoraLab.Server.Experiments.Studies.Evidence;

namespace LoraLab.Server.Experiments.Studies.Tables;

/// <summary>A metric column of the final table.</summary>
/// <param name="Title">Column heading.</param>
/// <param name="Format">Format of a mean.</param>
/// <param name="SpreadFormat">Format of a standard deviation.</param>
/// <param name="Direction">1: higher is better; -1: lower is better; 0: neither.</param>
/// <param name="Read">Reads the value of a run in the column's unit; null: none.</param>
internal sealed record FinalColumn(string Title, string Format, string SpreadFormat, int Direction, Func<EvidenceRun, double?> Read)
{
    /// <summary>Whether groups are tested against the one with the best mean.</summary>
    public bool Tested { get; init; }

    /// <summary>Whether it is left out where no run has a value.</summary>
    public bool IsOptional { get; init; }

    /// <summary>Whether the metric depends on the device as much as on the method.</summary>
    public bool DependsOnDevice { get; init; }

    /// <summary>A column for every metric that has one in tables of runs, then the costs.</summary>
    public static IReadOnlyList<FinalColumn> Of(TaskDescriptor task, MetricCatalog? metrics = null) =>
    [
        .. TaskDescriptors.Columns([task], metrics).Select(Of),
        new("Training time (s)", "0.0", "0.0", -1, run => run.TrainSeconds) { DependsOnDevice = true },
        new("Peak memory (MiB)", "0", "0.0", -1, run => run.PeakMemoryMb) { DependsOnDevice = true },
        new("Trainable parameters", "#,0", "0", -1, run => run.Document?.Summary.TrainableParameters),
    ];

    /// <summary>Mean ± sample standard deviation of the runs with a value; n if it differs from that of the row.</summary>
    public StudyTableCell Cell(StudyGroup group)
    {
        IReadOnlyList<double> values = [.. group.BySeed(Read).Values];
        if (values.Count == 0)
        {
            return new StudyTableCell("");
        }

        double mean = SampleMoments.Mean(values);
        string text = PaperNumbers.Plain(mean, Format);
        // A count that is the same in every run is printed without a standard deviation of 0.
        if (values.Count > 1 && (Format != "#,0" || values.Distinct().Count() > 1))
        {
            text += $" ± {PaperNumbers.Plain(SampleMoments.StandardDeviation(values), SpreadFormat)}";
        }

        return new StudyTableCell(values.Count == group.Counted.Count ? text : $"{text} (n = {values.Count})", mean);
    }

    /// <summary>The column of a metric.</summary>
    public static FinalColumn Of(MetricDescriptor metric) => new(
        metric.Heading,
        metric.MeanFormat,
        metric.MeanFormat,
        metric.Sign,
        run => run.Last(metric.Key) is double value ? metric.Number(value) : null)
    {
        Tested = metric.Direction != MetricDirection.None,
        IsOptional = metric.IsOptional,
    };
}
