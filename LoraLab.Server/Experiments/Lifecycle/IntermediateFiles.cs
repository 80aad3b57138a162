using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Runs.Artifacts;
using LoraLab.Server.Storage;
using Microsoft.Extensions.Options;

namespace LoraLab.Server.Experiments.Lifecycle;

/// <summary>
/// Files that a sweep needed only while it was searching: checkpoints of the trials that its rule stopped, and predictions of evaluations
/// other than the first, the best and the last. They are removed once it has ended, unless
/// <c>LoraLab:Retention:KeepCompletedCheckpoints</c> is set. Trials that a user cancelled keep theirs.
/// </summary>
internal sealed class IntermediateFiles(
    IRunStore store, ArtifactPruning pruning, IOptions<LoraLabOptions> options, ILogger<IntermediateFiles> log)
{
    private static readonly PruneRequest _intermediate = new() { Checkpoints = true, Predictions = true };

    /// <summary>Removes those of an ended sweep; does nothing for other experiments.</summary>
    public void Remove(StoredExperiment experiment)
    {
        if (experiment is not { Kind: ExperimentKind.Sweep, Ended: true } || options.Value.Retention.KeepCompletedCheckpoints)
        {
            return;
        }

        foreach (RunDocument run in store.RunsOf(experiment.Kind, experiment.Id).Values
            .Where(run => run.State.IsTerminal() && run.EndReason is EndReason.Finished or EndReason.EarlyStopped or EndReason.Pruned))
        {
            try
            {
                pruning.Prune(run.Id, _intermediate, byRetention: true);
            }
            catch (ApiFailure)
            {
                // Deleted or resumed meanwhile.
            }
            catch (Exception error) when (StorageFailure.Is(error))
            {
                log.LogWarning("Cannot remove the intermediate files of run {Run}: {Reason}", run.Id, error.Message);
            }
        }
    }
}
