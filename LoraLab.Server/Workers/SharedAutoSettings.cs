using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Workers;

/// <summary>
/// Shares automatic settings between all runs of a study or sweep: precision and sentences per pass are those that the first run
/// started on the same device chose. The number of threads follows from the machine.
/// </summary>
internal sealed class SharedAutoSettings(IRunStore store)
{
    /// <summary>The specification of a run's first attempt.</summary>
    public RunSpec Apply(RunDocument run, string device)
    {
        if (run.StudyId is null && run.SweepId is null)
        {
            return run.Spec;
        }

        RunFilter siblings = new() { StudyId = run.StudyId, SweepId = run.SweepId };
        RunEnvironment? first = store.Enumerate(siblings).Select(other => other.Document)
            .Where(other => other.Id != run.Id && other.StudyId == run.StudyId && other.SweepId == run.SweepId)
            .SelectMany(other => other.Attempts)
            .Where(attempt => attempt.Environment is not null && attempt.Device == device)
            .MinBy(attempt => attempt.StartedAt)?.Environment;
        return first is null ? run.Spec : run.Spec with
        {
            Precision = run.Spec.Precision == Precision.Auto ? first.Precision : run.Spec.Precision,
            MicroBatch = run.Spec.MicroBatch.Sentences is null && first.MicroBatch > 0
                ? new MicroBatch(first.MicroBatch)
                : run.Spec.MicroBatch,
        };
    }
}
