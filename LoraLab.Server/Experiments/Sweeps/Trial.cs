using System.Globalization;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Experiments.Sweeps;

/// <summary>A trial beside its run.</summary>
/// <param name="Number">1 for the first.</param>
/// <param name="Stored">What was decided.</param>
/// <param name="Run">Its run; null: there is none yet, or it was deleted.</param>
internal sealed record Trial(int Number, StoredTrial Stored, RunDocument? Run)
{
    /// <summary>Name of its run within the sweep.</summary>
    public string Key => KeyOf(Number);

    public bool IsDeleted => Run is null && Stored.RunId is not null;

    /// <summary>It waits, is prepared or runs: it can be stopped.</summary>
    public bool IsLive => Run?.State is RunState.Queued or RunState.Preparing or RunState.Running;

    /// <summary>It does nothing any more, unless the sweep or a person says so.</summary>
    public bool HasEnded => IsDeleted || (Run?.State is RunState.Completed or RunState.Failed or RunState.Cancelled && !Stored.Held);

    /// <summary>It ended and gives no result: failed, cancelled by a person, deleted.</summary>
    public bool IsOut => HasEnded && !(Run is { State: RunState.Completed } or { EndReason: EndReason.Pruned });

    public static string KeyOf(int number) => number.ToString("D4", CultureInfo.InvariantCulture);

    /// <summary>All trials of a sweep beside their runs.</summary>
    public static IReadOnlyList<Trial> Of(StoredSweep record, IReadOnlyDictionary<string, RunDocument> runs) =>
        [.. record.Trials.Select((stored, index) => new Trial(index + 1, stored, runs.GetValueOrDefault(KeyOf(index + 1))))];

    /// <summary>The objective at the run's last evaluation; null until there is one, or where it is not finite.</summary>
    public double? Last(string objective) => Run is null ? null : objective switch
    {
        MetricKeys.EvalAccuracy => Run.Summary.Accuracy?.Last,
        MetricKeys.EvalMacroF1 => Run.Summary.MacroF1?.Last,
        _ => Run.Summary.EvalLoss?.Last,
    };
}
