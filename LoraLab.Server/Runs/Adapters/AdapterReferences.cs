using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Runs.Adapters;

/// <summary>Finds the run that a client names by its id or an alias, and the folder of one of its adapters.</summary>
internal sealed class AdapterReferences(IRunStore store, LoraLabPaths paths)
{
    /// <summary>The run with an alias; null: there is none.</summary>
    public static StoredRun? OfAlias(IStoreReader store, string alias) =>
        store.List(new RunFilter { Alias = alias }, RunSort.Latest, 1).Items.FirstOrDefault();

    /// <summary>The run of a reference, and which of its adapters.</summary>
    /// <param name="text">Id of a run or an alias, with <c>@best</c> or <c>@last</c> behind it or not.</param>
    /// <param name="which">Which adapter, if the text does not say; null: the last.</param>
    /// <exception cref="ApiFailure">There is neither.</exception>
    public (RunDocument Run, AdapterChoice Which) Resolve(string text, AdapterChoice? which = null)
    {
        AdapterReference reference = AdapterReference.Parse(text);
        StoredRun run = store.Find(reference.Name) ?? OfAlias(store, reference.Name)
            ?? throw ApiFailure.NotFound("runNotFound", $"There is no run and no alias '{ApiFailure.Shorten(reference.Name)}'.");
        return (run.Document, reference.Which == AdapterChoice.Best ? AdapterChoice.Best : which ?? AdapterChoice.Last);
    }

    /// <summary>The folder of an adapter of an ended run, or of the model that it trained.</summary>
    /// <exception cref="ApiFailure">It is not there; 404 for a download.</exception>
    public string Folder(RunDocument run, AdapterChoice which)
    {
        string last = Path.Combine(paths.RunDirectory(run.Id), RunFiles.Adapter);
        string best = Path.Combine(paths.RunDirectory(run.Id), RunFiles.BestAdapter);
        string? folder = which == AdapterChoice.Best && IsAdapter(best) ? best
            : IsAdapter(last) && (which == AdapterChoice.Last || IsBest(run)) ? last
            : null;
        return folder is not null && run.State.IsTerminal() ? folder
            : throw ApiFailure.NotFound("noAdapter", WhyNot(run, which));
    }

    /// <summary>Whether the last evaluation of a run was also the best, so that its adapter is not kept twice.</summary>
    public static bool IsBest(RunDocument run) =>
        run.Summary[TaskDescriptors.Of(run.Task, run.Metric).Primary.Key]?.BestStep is int best && best == run.Progress.Step;

    private static string WhyNot(RunDocument run, AdapterChoice which) =>
        !run.State.IsTerminal() ? $"Run {run.Id} has no adapter yet; it is saved at the end of the run."
        : run.Pruned.Any(files => files.Kind == (which == AdapterChoice.Best ? ArtifactKind.BestAdapter : ArtifactKind.Adapter))
            ? which == AdapterChoice.Best
                ? $"The adapter of the best evaluation of run {run.Id} was deleted to save space; which=last gives the last adapter."
                : $"The adapter of run {run.Id} was deleted to save space; clone the run to train it again."
        : which == AdapterChoice.Best
            ? $"Run {run.Id} keeps no adapter of its best evaluation (it ended before its first evaluation, trained all weights without "
                + "disk space for a second model, or is of an earlier version); which=last gives the last adapter."
        : $"Run {run.Id} ended without an adapter ({run.State.ToString().ToLowerInvariant()}); resume it, or use another run.";

    // Of a run that trained all weights, the result is a model.
    private static bool IsAdapter(string folder) =>
        File.Exists(Path.Combine(folder, "adapter_config.json")) || File.Exists(Path.Combine(folder, "config.json"));
}
