using LoraLab.Contracts.Worker;
using LoraLab.Files;
using LoraLab.Training.Adapters.Peft;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models.Catalog;

namespace LoraLab.Training.Specs;

/// <summary>Finds the adapter that <c>initFrom</c> names: a folder under the model roots, or a finished run.</summary>
/// <param name="models">The model roots.</param>
/// <param name="dataDirectory">Parent folder of <c>runs/</c>.</param>
/// <param name="allowPaths">True on the command line, where <c>initFrom</c> may be any path.</param>
public sealed class AdapterCatalog(ModelCatalog models, string dataDirectory, bool allowPaths = false)
{
    private readonly FileReadCache<PeftAdapter> _adapter = new();

    /// <summary>Returns the description of an adapter. The last one read is cached until it changes.</summary>
    /// <exception cref="RunFailure">The adapter does not exist or cannot be used.</exception>
    public PeftAdapter Describe(string initFrom)
    {
        string folder = Find(initFrom);
        return _adapter.Get(initFrom, FileStamp.Of(folder, [PeftFiles.Config, PeftFiles.Weights]), () => PeftAdapter.Read(folder));
    }

    /// <summary>Returns the current size and modification time of each file of an adapter.</summary>
    /// <exception cref="RunFailure">The adapter does not exist.</exception>
    public IReadOnlyList<FileSnapshot> FileSnapshots(string initFrom) =>
        [.. FileStamp.Of(Find(initFrom), [PeftFiles.Config, PeftFiles.Weights]).Select(file => file.ToSnapshot(initFrom))];

    /// <summary>Returns the folder with <c>adapter_config.json</c>.</summary>
    /// <exception cref="RunFailure">The adapter does not exist.</exception>
    public string Find(string initFrom)
    {
        string runAdapter = Path.Combine(dataDirectory, "runs", initFrom, RunFiles.Adapter);
        if (initFrom.All(char.IsAsciiLetterOrDigit) && HasConfig(runAdapter))
        {
            return runAdapter;
        }

        if (Directory.Exists(Path.Combine(dataDirectory, "runs", initFrom)) && initFrom.All(char.IsAsciiLetterOrDigit))
        {
            throw RunFailure.BadData($"initFrom: run {initFrom} has no adapter; it is saved at the end of the run.", "initFrom");
        }

        string path = HomePath.Expand(initFrom);
        return allowPaths && HasConfig(path) ? Path.GetFullPath(path) : models.FindAdapter(initFrom);
    }

    private static bool HasConfig(string folder) => File.Exists(Path.Combine(folder, PeftFiles.Config));
}
