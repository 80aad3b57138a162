using LoraLab.Contracts.Worker;
using LoraLab.Training.Adapters.Peft;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models.Catalog;

namespace LoraLab.Training.Specs;

/// <summary>Finds the adapter that <c>initFrom</c> names: a folder under the model roots, or a finished run.</summary>
/// <param name="models">The model roots.</param>
/// <param name="dataDirectory">Folder that holds <c>runs/</c>.</param>
/// <param name="allowPaths">True on the command line, where any path may be named.</param>
public sealed class AdapterCatalog(ModelCatalog models, string dataDirectory, bool allowPaths = false)
{
    private readonly FileReadCache<PeftConfig> _config = new();

    /// <summary>What an adapter says of itself; read again only when it changed, or another was read meanwhile.</summary>
    /// <exception cref="RunFailure">There is none of that name, or it cannot be used.</exception>
    public PeftConfig Config(string initFrom)
    {
        string folder = Find(initFrom);
        return _config.Get(initFrom, FileStamp.Of(folder, [PeftFiles.Config]), () => PeftImport.ReadConfig(folder));
    }

    /// <summary>The files of an adapter as they are now.</summary>
    /// <exception cref="RunFailure">There is none of that name.</exception>
    public IReadOnlyList<FileSnapshot> FileSnapshots(string initFrom) => [.. FileStamp.Of(Find(initFrom), [PeftFiles.Config, PeftFiles.Weights]).Select(file => file.ToSnapshot(initFrom))];

    /// <summary>The folder with <c>adapter_config.json</c>.</summary>
    /// <exception cref="RunFailure">There is none of that name.</exception>
    public string Find(string initFrom)
    {
        string ofRun = Path.Combine(dataDirectory, "runs", initFrom, RunFiles.Adapter);
        if (initFrom.All(char.IsAsciiLetterOrDigit) && Holds(ofRun))
        {
            return ofRun;
        }

        return allowPaths && Holds(initFrom) ? Path.GetFullPath(initFrom) : models.FindAdapter(initFrom);
    }

    private static bool Holds(string folder) => File.Exists(Path.Combine(folder, PeftFiles.Config));
}
