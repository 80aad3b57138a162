using System.Text.Json;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage;

/// <summary>
/// Finds what would fail without a model or dataset: runs that wait or are active, and studies and sweeps that have not ended.
/// </summary>
internal sealed class LibraryUse(IRunStore store)
{
    private static readonly RunFilter _unfinished = RunFilter.InStates(
        RunState.Queued, RunState.Preparing, RunState.Running, RunState.Cancelling);

    /// <summary>What uses it, as part of a sentence; null: nothing.</summary>
    public string? Of(PullKind kind, string name)
    {
        RunDocument? run = store.Enumerate(_unfinished).Select(stored => stored.Document).FirstOrDefault(run => kind == PullKind.Model
            ? run.Spec.Model == name || run.Spec.InitFrom == name
            : run.Spec.Dataset == name);
        if (run is not null)
        {
            return $"run {run.Id} ({run.Name}), which is {run.State.ToString().ToLowerInvariant()}";
        }

        string member = kind == PullKind.Model ? "model" : "dataset";
        StoredExperiment? experiment = store.ListExperiments().FirstOrDefault(
            experiment => !experiment.Ended && Names(experiment.Content, member, name));
        return experiment is null ? null
            : $"{(experiment.Kind == ExperimentKind.Study ? "study" : "sweep")} {experiment.Id} ({experiment.Name}), which has not ended";
    }

    private static bool Names(JsonElement json, string member, string name) => json.ValueKind switch
    {
        JsonValueKind.Object => json.EnumerateObject().Any(property =>
            (property.Name == member && property.Value.ValueKind == JsonValueKind.String && property.Value.ValueEquals(name))
            || Names(property.Value, member, name)),
        JsonValueKind.Array => json.EnumerateArray().Any(item => Names(item, member, name)),
        _ => false,
    };
}
