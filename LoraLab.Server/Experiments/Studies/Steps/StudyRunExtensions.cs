using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;

namespace LoraLab.Server.Experiments.Studies.Steps;

/// <summary>What the steps of a study need to know about its runs.</summary>
internal static class StudyRunExtensions
{
    /// <summary>The run that the study requires here.</summary>
    public static RequiredRun Required(this StudyRun run) => new()
    {
        Stage = run.Stage,
        Method = run.Method,
        Settings = run.Settings,
        Seed = run.Seed,
        Extension = run.Extension,
    };

    /// <summary>Whether the run has ended. An interrupted run has not: it is resumed, automatically or by a user.</summary>
    public static bool HasEnded(this StudyRun run) => IsEnd(run.State);

    /// <summary>Whether the run completed with a result.</summary>
    public static bool HasFinished(this StudyRun run) => run is { State: RunState.Completed, Result: not null };

    /// <summary>Why a completed run has no result, after its id.</summary>
    public static string WithoutResult(this StudyRun run) =>
        run.Error?.TrimEnd('.') ?? $"its {MetricCatalog.Default.Of(run.PrimaryMetric).Name} is not a finite number";

    /// <summary>Evaluation loss of a finished run; null: it is not finite.</summary>
    public static double? Loss(this StudyRun run) => run.Metric(MetricKeys.EvalLoss);

    /// <summary>The run as stored with the study: its result once it has ended, before that only its id.</summary>
    public static StudyRun ToStore(this RequiredRun required, RunDocument run)
    {
        StudyRun stored = new()
        {
            RunId = run.Id,
            Method = required.Method,
            Stage = required.Stage,
            Settings = required.Settings,
            Seed = required.Seed,
            Extension = required.Extension,
            State = RunState.Queued,
        };
        return IsEnd(run.State) ? stored.With(run, TaskDescriptors.Of(run.Task, run.Metric).Primary.Key) : stored;
    }

    /// <summary>The run after its deletion: cancelled, unless it had ended.</summary>
    public static StudyRun Deleted(this StudyRun run) => run.HasEnded() ? run : run with
    {
        State = RunState.Cancelled,
        EndReason = EndReason.Cancelled,
        Error = "The run was deleted before it ended.",
    };

    private static bool IsEnd(RunState state) => state is RunState.Completed or RunState.Failed or RunState.Cancelled;
}
