using System.Text.Json.Nodes;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Runs;

namespace LoraLab.Server.Experiments.Lifecycle;

/// <summary>
/// Checks all runs that an experiment requests before any is created; the first invalid one rejects them all, with its label.
/// </summary>
internal sealed class ExperimentRunCheck(RunAdmission admission)
{
    public async Task<IReadOnlyDictionary<string, AdmittedRun>> CheckAsync(
        StoredExperiment experiment, IReadOnlyList<RequestedRun> runs, CancellationToken cancellationToken)
    {
        Dictionary<string, AdmittedRun> admitted = [];
        foreach (RequestedRun run in runs)
        {
            try
            {
                admitted[run.Key] = await admission.CheckAsync(run.Spec, cancellationToken) with
                {
                    Experiment = (experiment.Kind, experiment.Id, run.Key),
                    SubmittedBy = experiment.SubmittedBy,
                };
            }
            catch (ApiFailure failure) when (failure.Errors is not null)
            {
                throw ApiFailure.Invalid([.. failure.Errors.SelectMany(field =>
                    field.Value.Select(message => new FieldError(field.Key, $"{run.Label}: {message}")))]);
            }
        }

        return admitted;
    }

    /// <summary>Whether exactly these runs were checked.</summary>
    public static bool Covers(IReadOnlyDictionary<string, AdmittedRun> admitted, IReadOnlyList<RequestedRun> runs) =>
        runs.All(run => admitted.TryGetValue(run.Key, out AdmittedRun? checkedRun) && JsonNode.DeepEquals(checkedRun.Submitted, run.Spec));
}
