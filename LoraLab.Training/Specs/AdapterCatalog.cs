using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Files;
using LoraLab.Training.Adapters;
using LoraLab.Training.Adapters.Peft;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Catalog;

namespace LoraLab.Training.Specs;

/// <summary>Finds the adapter that <c>initFrom</c> names: a folder under the model roots, or a finished run.</summary>
/// <param name="models">The model roots.</param>
/// <param name="dataDirectory">Parent folder of <c>runs/</c>.</param>
/// <param name="allowPaths">True on the command line, where <c>initFrom</c> may be any path.</param>
public sealed class AdapterCatalog(ModelCatalog models, string dataDirectory, bool allowPaths = false)
{
    private static readonly string[] _files = [PeftFiles.Config, PeftFiles.Weights, PeftStart.Weights];

    private readonly FileReadCache<PeftAdapter> _adapter = new();

    /// <summary>Returns the description of an adapter. The last one read is cached until it changes.</summary>
    /// <param name="initFrom">Its name.</param>
    /// <param name="method">Method that starts from the adapter; null: none, the adapter is used as it is.</param>
    /// <exception cref="RunFailure">The adapter does not exist or cannot be used.</exception>
    public PeftAdapter Describe(string initFrom, LoraMethod? method = null)
    {
        string folder = Find(initFrom);
        return _adapter.Get(
            method?.PeftInitialization is string initialization ? $"{initialization} {folder}" : folder,
            FileStamp.Of(folder, _files),
            () => PeftAdapter.Read(folder, method));
    }

    /// <summary>Returns the current size and modification time of each file of an adapter.</summary>
    /// <exception cref="RunFailure">The adapter does not exist.</exception>
    public IReadOnlyList<FileSnapshot> FileSnapshots(string initFrom) =>
        [.. FileStamp.Of(Find(initFrom), _files).Select(file => file.ToSnapshot(initFrom))];

    /// <summary>Returns the folder with <c>adapter_config.json</c>.</summary>
    /// <exception cref="RunFailure">The adapter does not exist.</exception>
    public string Find(string initFrom)
    {
        AdapterReference reference = AdapterReference.Parse(initFrom);
        string? run = RunFolder(reference.Name);
        if (run is not null && ResultOfRun(run, reference.Which, HasConfig) is string runAdapter)
        {
            return runAdapter;
        }

        if (FindModel(initFrom) is string model)
        {
            throw RunFailure.BadData(
                $"initFrom: {initFrom} trained all weights: its result, in {model}, is a model and not an adapter; use it as the model.",
                "initFrom");
        }

        if (run is not null)
        {
            throw RunFailure.BadData(
                reference.Which == AdapterChoice.Best
                    ? $"initFrom: the adapter of the best evaluation of run {Path.GetFileName(run)} is not kept; "
                        + $"{reference.Name} names its last adapter."
                    : $"initFrom: run {Path.GetFileName(run)} has no adapter; it is saved at the end of the run.",
                "initFrom");
        }

        return allowPaths && OfPath(HomePath.Expand(initFrom)) is string folder ? folder : models.FindAdapter(initFrom);
    }

    /// <summary>Returns a name with the id of the run in place of an alias; other names as they are.</summary>
    public string WithoutAlias(string initFrom)
    {
        AdapterReference reference = AdapterReference.Parse(initFrom);
        return RunFolder(reference.Name) is string run ? (reference with { Name = Path.GetFileName(run) }).Text : initFrom;
    }

    /// <summary>Returns the folder of the model that a run, or the run of a path, trained as a whole; null: there is no such run.</summary>
    public string? FindModel(string name)
    {
        AdapterReference reference = AdapterReference.Parse(name);
        string[] candidates = RunFolder(reference.Name) is string run && ResultOfRun(run, reference.Which, IsTrainedModel) is string result
            ? [result] : [];
        if (allowPaths && name.Length > 0)
        {
            string path = HomePath.Expand(name);
            candidates = [.. candidates, path, Path.Combine(path, RunFiles.Adapter)];
        }

        return candidates.FirstOrDefault(IsTrainedModel) is string folder ? Path.GetFullPath(folder) : null;
    }

    /// <summary>The folder of one of a run's adapters, or of the models that it trained; null: it is not there.</summary>
    private static string? ResultOfRun(string run, AdapterChoice which, Predicate<string> isResult)
    {
        string last = Path.Combine(run, RunFiles.Adapter);
        string best = Path.Combine(run, RunFiles.BestAdapter);
        return which == AdapterChoice.Best && isResult(best) ? best
            : isResult(last) && (which == AdapterChoice.Last || IsBest(last)) ? last
            : null;
    }

    /// <summary>Whether the result of a run is also the adapter of its best evaluation, which is then not kept twice.</summary>
    private static bool IsBest(string last) => AdapterOrigin.Fingerprint(last) is { } fingerprint
        && fingerprint.Adapter.BestStep == fingerprint.Training.Steps;

    /// <summary>The directory of the run with an id, or to which an alias of the server refers; null: there is none.</summary>
    private string? RunFolder(string name)
    {
        if (name.Length == 0)
        {
            return null;
        }

        string runs = Path.Combine(dataDirectory, "runs");
        string? id = name.All(char.IsAsciiLetterOrDigit) && Directory.Exists(Path.Combine(runs, name)) ? name
            : AdapterReference.WhyNotAlias(name) is null ? AdapterAliases.Find(dataDirectory, name)
            : null;
        return id is not null && id.All(char.IsAsciiLetterOrDigit) && Path.Combine(runs, id) is string folder && Directory.Exists(folder)
            ? folder
            : null;
    }

    private static bool IsTrainedModel(string folder) => File.Exists(Path.Combine(folder, LlamaConfig.FileName))
        && AdapterOrigin.Spec(folder) is RunSpec spec && LoraMethods.Find(spec.Method)?.TrainsWeights == true;

    /// <summary>The folder that a path names: an adapter, or the directory of a run; null: it may be a name.</summary>
    private static string? OfPath(string path)
    {
        if (path.Length > 0 && new[] { path, Path.Combine(path, RunFiles.Adapter) }.FirstOrDefault(HasConfig) is string folder)
        {
            return Path.GetFullPath(folder);
        }

        if (!Path.IsPathRooted(path) && !path.StartsWith("./", StringComparison.Ordinal)
            && !path.StartsWith("../", StringComparison.Ordinal))
        {
            return null;
        }

        throw RunFailure.BadData(
            !Directory.Exists(path) ? $"initFrom: there is no folder {path}."
                : File.Exists(Path.Combine(path, LlamaConfig.FileName)) ? $"initFrom: {path} is a model and not an adapter."
                : $"initFrom: {path} has no {PeftFiles.Config}, so it is not an adapter.",
            "initFrom");
    }

    private static bool HasConfig(string folder) => File.Exists(Path.Combine(folder, PeftFiles.Config));
}
