using System.Collections.Concurrent;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Worker;
using LoraLab.Files;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Catalog;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tokenization;

namespace LoraLab.Training.Models.Catalog;

/// <summary>The models that runs can use. Thread-safe.</summary>
public sealed class ModelCatalog
{
    private const string CachePrefix = "models--";

    private readonly string _bundled;
    private readonly IReadOnlyList<string> _configured;
    private readonly CatalogFolders _models;
    private readonly CatalogFolders _tokenizers;
    private readonly CatalogFolders _adapters;
    private readonly ConcurrentDictionary<string, (string Stamp, ModelEntry Entry, ResolvedModel? Model)> _described = new();

    private readonly FileReadCache<ModelTokenizer> _tokenizer = new();
    private readonly FileReadCache<ModelTokenizer> _alone = new();

    /// <summary>A catalog over the configured roots, the downloaded models and the bundled sample.</summary>
    public ModelCatalog(TrainingConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        string[] roots = [.. configuration.ModelDirectories, configuration.DownloadedModels];
        _configured = configuration.ModelDirectories;
        _bundled = Path.Combine(configuration.Home, "samples", "model");
        _models = new CatalogFolders("model", "model", roots, [(BundledSample.Name, _bundled)], CachePrefix, folder =>
            File.Exists(Path.Combine(folder, LlamaConfig.FileName)));
        _tokenizers = new CatalogFolders("model", "model", roots, [(BundledSample.Name, _bundled)], CachePrefix, folder =>
            TokenizerFiles.Deciding(folder) is not null);
        _adapters = new CatalogFolders("adapter", "initFrom", roots, [], CachePrefix, folder =>
            File.Exists(Path.Combine(folder, "adapter_config.json")));
    }

    /// <summary>Checks the small files of an unfinished download, so that an unusable model is refused before its weights.</summary>
    /// <exception cref="RunFailure">A file that exists cannot be used.</exception>
    public static void RequireSmallFiles(string folder) => ModelFolder.RequireSmallFiles(folder);

    /// <summary>All model folders, usable or not, the bundled one first.</summary>
    public IReadOnlyList<ModelEntry> List() => [.. _models.All().Select(model => Describe(model.Name, model.Folder).Entry)];

    /// <summary>Says of every configured root that has neither a model nor an adapter why, one sentence each.</summary>
    public IReadOnlyList<string> EmptyRoots()
    {
        HashSet<string> withoutAdapters = [.. _adapters.Empty(_configured)];
        return [.. _models.Empty(_configured).Where(withoutAdapters.Contains)
            .Select(root => $"LoraLab:ModelDirectories contains {root}, which has no model: "
                + $"{_models.Problem(root, LlamaConfig.FileName)}.")];
    }

    /// <summary>Makes a name mean one of its revisions until the result is disposed.</summary>
    /// <param name="name">Name of a model.</param>
    /// <param name="commit">Revision that a run used; null: none is recorded, and the name means what it always does.</param>
    public IDisposable? Pin(string name, string? commit) => commit is null ? null : _models.Pin(name, commit);

    /// <summary>Finds a usable model.</summary>
    /// <exception cref="RunFailure">There is no such model, or it cannot be used; field <c>model</c>.</exception>
    public ResolvedModel Find(string name)
    {
        (ModelEntry entry, ResolvedModel? model) = Describe(name, _models.Find(name));
        return model ?? throw RunFailure.BadData($"The model '{name}' cannot be used: {entry.Problem}", "model");
    }

    /// <summary>A usable model in a folder that the catalog does not list, such as the result of a run.</summary>
    /// <param name="name">Name for messages.</param>
    /// <param name="folder">Its folder.</param>
    /// <exception cref="RunFailure">It cannot be used; field <c>model</c>.</exception>
    public static ResolvedModel OfFolder(string name, string folder)
    {
        (ModelEntry entry, ResolvedModel? model) = ModelFolder.Describe(name, folder);
        return model ?? throw RunFailure.BadData($"The model '{name}' cannot be used: {entry.Problem}", "model");
    }

    /// <summary>Tokenizer of a usable model. The last one read is cached until its file changes.</summary>
    /// <exception cref="RunFailure">It cannot be used with the model; field <c>model</c>.</exception>
    public ModelTokenizer Tokenizer(ResolvedModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return _tokenizer.Get(model.Folder, FileStamp.Of(model.Folder, [LlamaConfig.FileName, .. TokenizerFiles.All]), () =>
        {
            LoadedTokenizer loaded = TokenizerFolder.Load(model.Folder);
            int embeddings = model.Config.VocabularySize;
            ModelFolder.RequireVocabulary(loaded.Tokenizer, model.Config);
            return new(
                loaded.Tokenizer.LastId < embeddings ? loaded.Tokenizer : new EmbeddedTokens(loaded.Tokenizer, embeddings), loaded.Sha256);
        });
    }

    /// <summary>Encodes texts with the tokenizer of a model by name, or of a folder. The rest of the model may be missing.</summary>
    /// <param name="nameOrFolder">Name or path.</param>
    /// <param name="texts">Texts.</param>
    /// <param name="withPrefix">Whether what stands in front of every text, such as BOS, is put there.</param>
    /// <param name="warnings">Warnings about the tokenizer.</param>
    /// <exception cref="RunFailure">There is neither, or it has no tokenizer that can be used; field <c>model</c>.</exception>
    public IEnumerable<int[]> Tokenize(
        string nameOrFolder, IEnumerable<string> texts, bool withPrefix, out IReadOnlyList<string> warnings)
    {
        string folder;
        try
        {
            folder = _tokenizers.Find(nameOrFolder);
        }
        catch (RunFailure) when (Directory.Exists(HomePath.Expand(nameOrFolder)))
        {
            folder = HomePath.Expand(nameOrFolder);
        }

        LoadedTokenizer loaded = TokenizerFolder.Load(folder);
        warnings = loaded.Warnings;
        return texts.Select(text => loaded.Tokenizer.Encode(text, withPrefix));
    }

    /// <summary>Tokenizer of a model by name; the rest of the model may be missing.</summary>
    /// <exception cref="RunFailure">There is no such model, or it has no tokenizer that can be used; field <c>model</c>.</exception>
    public ModelTokenizer TokenizerAlone(string name)
    {
        string folder = _tokenizers.Find(name);
        return _alone.Get(folder, FileStamp.Of(folder, TokenizerFiles.All), () =>
        {
            LoadedTokenizer loaded = TokenizerFolder.Load(folder);
            return new(loaded.Tokenizer, loaded.Sha256);
        });
    }

    /// <summary>Current snapshots of the files of a model, usable or not.</summary>
    /// <exception cref="RunFailure">There is no such model; field <c>model</c>.</exception>
    public IReadOnlyList<FileSnapshot> FileSnapshots(string name) =>
        [.. ModelFolder.Stamps(_models.Find(name)).Select(file => file.ToSnapshot(name))];

    /// <summary>Current snapshots of the files of a resolved model.</summary>
    public static IReadOnlyList<FileSnapshot> FileSnapshots(ResolvedModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return [.. ModelFolder.Stamps(model.Folder).Select(file => file.ToSnapshot(model.Name))];
    }

    /// <summary>Catalog entry of a model.</summary>
    /// <exception cref="RunFailure">There is no such model.</exception>
    public ModelEntry Describe(string name) => Describe(name, _models.Find(name)).Entry;

    /// <summary>Folder of a PEFT adapter under the model roots.</summary>
    /// <exception cref="RunFailure">There is no such adapter; field <c>initFrom</c>.</exception>
    public string FindAdapter(string name) => _adapters.Find(name);

    private (ModelEntry Entry, ResolvedModel? Model) Describe(string name, string folder)
    {
        RevisionRecord? record = StoredRevisions.RecordOfFolder(folder);
        string stamp = FolderStamp.Of(folder) + record?.Revision;
        if (_described.TryGetValue(folder, out (string Stamp, ModelEntry Entry, ResolvedModel? Model) cached) && cached.Stamp == stamp
            && cached.Entry.Name == name)
        {
            return (cached.Entry, cached.Model);
        }

        (ModelEntry entry, ResolvedModel? model) = ModelFolder.Describe(name, folder);
        entry = entry with
        {
            Toy = folder == _bundled,
            Commit = StoredRevisions.CommitOf(folder),
            Revision = record?.Revision,
        };
        _described[folder] = (stamp, entry, model);
        return (entry, model);
    }
}
