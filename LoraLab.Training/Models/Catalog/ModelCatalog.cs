using System.Collections.Concurrent;
using LoraLab.Contracts.Catalog;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Catalog;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Models.Catalog;

/// <summary>The models that runs can name. Safe for several threads.</summary>
public sealed class ModelCatalog
{
    private readonly string _bundled;
    private readonly CatalogFolders _models;
    private readonly CatalogFolders _adapters;
    private readonly ConcurrentDictionary<string, (string Stamp, ModelEntry Entry)> _described = new();

    /// <summary>A catalog over the configured roots, the downloaded models and the bundled sample.</summary>
    public ModelCatalog(TrainingConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        string[] roots = [.. configuration.ModelDirectories, configuration.DownloadedModels];
        _bundled = Path.Combine(configuration.Home, "samples", "model");
        _models = new CatalogFolders("model", "model", roots, _bundled, folder => File.Exists(Path.Combine(folder, LlamaConfig.FileName)));
        _adapters = new CatalogFolders("adapter", "initFrom", roots, "", folder => File.Exists(Path.Combine(folder, "adapter_config.json")));
    }

    /// <summary>All model folders, usable or not, the bundled one first.</summary>
    public IReadOnlyList<ModelEntry> List() => [.. _models.All().Select(model => Describe(model.Name, model.Folder))];

    /// <summary>The folder of a model that runs can use.</summary>
    /// <exception cref="RunFailure">There is no such model, or it cannot be used; field <c>model</c>.</exception>
    public string Find(string name)
    {
        string folder = _models.Find(name);
        ModelEntry entry = Describe(name, folder);
        return entry.Usable ? folder : throw RunFailure.BadData($"The model '{name}' cannot be used: {entry.Problem}", "model");
    }

    /// <summary>What a list shows of one model.</summary>
    /// <exception cref="RunFailure">There is no such model.</exception>
    public ModelEntry Describe(string name) => Describe(name, _models.Find(name));

    /// <summary>The folder of a PEFT adapter under the model roots.</summary>
    /// <exception cref="RunFailure">There is no such adapter; field <c>initFrom</c>.</exception>
    public string FindAdapter(string name) => _adapters.Find(name);

    private ModelEntry Describe(string name, string folder)
    {
        string stamp = FolderStamp.Of(folder);
        if (_described.TryGetValue(folder, out (string Stamp, ModelEntry Entry) known) && known.Stamp == stamp && known.Entry.Name == name)
        {
            return known.Entry;
        }

        ModelEntry entry = ModelFolder.Describe(name, folder) with { Toy = folder == _bundled };
        _described[folder] = (stamp, entry);
        return entry;
    }
}
