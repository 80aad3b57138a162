using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using LoraLab.Server.Comparison;

namespace LoraLab.Server.Experiments.Studies.Evidence;

/// <summary>A run of a study with its results and files.</summary>
/// <param name="Run">The run within the study.</param>
/// <param name="Document">The run document; null: deleted.</param>
/// <param name="Fingerprint">Its fingerprint; null: missing or unreadable.</param>
/// <param name="Series">Its evaluation series by metric key.</param>
/// <param name="Predictions">Predictions of its last evaluation; null: not completed, missing or unreadable.</param>
internal sealed record EvidenceRun(
    StudyRun Run,
    RunDocument? Document,
    RunFingerprint? Fingerprint,
    IReadOnlyDictionary<string, MetricSeries> Series,
    PredictionSet? Predictions)
{
    public string Id => Run.RunId;

    /// <summary>Whether it completed with a result.</summary>
    public bool Counts => Document?.State == RunState.Completed && Last(Metric.Key) is not null;

    /// <summary>The metric by which it is compared.</summary>
    public MetricDescriptor Metric => Document is null
        ? MetricCatalog.Default.Of(Run.PrimaryMetric)
        : TaskDescriptors.Of(Document.Task, Document.Metric).Primary;

    /// <summary>Whether it has ended or was deleted.</summary>
    public bool Ended => Document?.State.IsTerminal() ?? true;

    /// <summary>That metric at the last evaluation; only valid for a run that counts.</summary>
    public double Result => Last(Metric.Key)!.Value;

    /// <summary>Accuracy of the last evaluation; only valid for a run that counts and whose task has it.</summary>
    public double Accuracy => Last(MetricKeys.EvalAccuracy)!.Value;

    /// <summary>Training time, seconds.</summary>
    public double? TrainSeconds => Document?.Summary.TrainSeconds;

    /// <summary>Peak memory, MiB.</summary>
    public double? PeakMemoryMb => Document?.Summary.PeakMemoryMb;

    public RunEnvironment? Environment => Fingerprint?.Environment ?? Document?.Attempts.LastOrDefault()?.Environment;

    public bool OnCuda => Environment?.Device.StartsWith("cuda", StringComparison.Ordinal) == true;

    /// <summary>Whether base weights, training sentences and evaluation rows are the paper's.</summary>
    public bool MatchesPaper => Fingerprint is not null
        && PaperFigureNames.WeightsAndData.All(name => Fingerprint.Paper.Any(figure => figure.Name == name && figure.Matches == true));

    /// <summary>A metric at the last evaluation; null: none, or not finite.</summary>
    public double? Last(string key) => Document?.Summary[key]?.Last;

    public Curve Curve(string key) => Evidence.Curve.Of(Series.GetValueOrDefault(key));

    /// <summary>The run as input of a comparison.</summary>
    public ComparedRun AsCompared() => new(Document!, Fingerprint, Curve(Metric.Key).Points.Count, Predictions?.Items);

    /// <summary>Why it does not count, as the predicate of a note.</summary>
    public string ExclusionReason() => Document switch
    {
        null => "was deleted",
        { State: RunState.Failed } => $"failed ({Word(Document.EndReason)})",
        { State: RunState.Cancelled } => $"was cancelled ({Word(Document.EndReason)})",
        { State: RunState.Interrupted } => "was interrupted",
        { State: RunState.Completed } => $"has no finite {Metric.Name}",
        _ => "has not ended",
    };

    private static string Word(EndReason? reason) =>
        reason is null ? "no reason" : char.ToLowerInvariant(reason.Value.ToString()[0]) + reason.Value.ToString()[1..];
}
