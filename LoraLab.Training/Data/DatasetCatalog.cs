using System.Collections.Concurrent;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Catalog;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Data;

/// <summary>The datasets available to runs. Thread-safe.</summary>
public sealed class DatasetCatalog
{
    private readonly CatalogFolders _folders;
    private readonly ConcurrentDictionary<string, (string Stamp, DatasetEntry Entry)> _entries = new();
    private readonly FileReadCache<DatasetManifest> _manifest = new();
    private readonly FileReadCache<ClassificationDataset> _rows = new();

    /// <summary>Creates a catalog over the configured roots, the downloaded datasets and the bundled sample.</summary>
    public DatasetCatalog(TrainingConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        _folders = new CatalogFolders(
            "dataset",
            "dataset",
            [.. configuration.DatasetDirectories, configuration.DownloadedDatasets],
            Path.Combine(configuration.Home, "samples", "data"),
            folder => File.Exists(Path.Combine(folder, DatasetManifest.FileName)) || File.Exists(Path.Combine(folder, "train.tsv")));
    }

    /// <summary>Lists all datasets, usable or not, the bundled one first.</summary>
    public IReadOnlyList<DatasetEntry> List() => [.. _folders.All().Select(data => Describe(data.Name, data.Folder))];

    /// <summary>Returns the folder of a dataset, which may still be unusable: <see cref="Read(string)"/> checks it.</summary>
    /// <exception cref="RunFailure">The dataset does not exist; field <c>dataset</c>.</exception>
    public string Find(string name) => _folders.Find(name);

    /// <summary>Returns the rows of a dataset. The last dataset read is cached until its files change.</summary>
    /// <exception cref="RunFailure">The dataset does not exist or cannot be used; field <c>dataset</c>.</exception>
    public ClassificationDataset Read(string name) => Read(name, _folders.Find(name));

    /// <summary>Returns the current size and modification time of each file of a dataset.</summary>
    /// <exception cref="RunFailure">The dataset does not exist; field <c>dataset</c>.</exception>
    public IReadOnlyList<FileSnapshot> FileSnapshots(string name)
    {
        string folder = _folders.Find(name);
        try
        {
            return [.. Stamps(name, folder, out _).Select(file => file.ToSnapshot(name))];
        }
        catch (RunFailure)
        {
            // The other files are listed in the manifest, which is damaged: reading the rows reports that.
            return [FileStamp.Of(Path.Combine(folder, DatasetManifest.FileName)).ToSnapshot(name)];
        }
    }

    /// <summary>Returns the catalog entry of a dataset.</summary>
    /// <exception cref="RunFailure">The dataset does not exist.</exception>
    public DatasetEntry Describe(string name) => Describe(name, _folders.Find(name));

    private DatasetEntry Describe(string name, string folder)
    {
        string stamp = FolderStamp.Of(folder);
        if (_entries.TryGetValue(folder, out (string Stamp, DatasetEntry Entry) cached) && cached.Stamp == stamp
            && cached.Entry.Name == name)
        {
            return cached.Entry;
        }

        DatasetEntry entry = DatasetReader.Describe(name, () => Read(name, folder));
        _entries[folder] = (stamp, entry);
        return entry;
    }

    private ClassificationDataset Read(string name, string folder)
    {
        IReadOnlyList<FileStamp> files = Stamps(name, folder, out DatasetManifest manifest);
        return _rows.Get(name, files, () => DatasetReader.Read(name, folder, manifest));
    }

    private IReadOnlyList<FileStamp> Stamps(string name, string folder, out DatasetManifest manifest)
    {
        FileStamp stamp = FileStamp.Of(Path.Combine(folder, DatasetManifest.FileName));
        manifest = _manifest.Get(name, [stamp], () => DatasetManifest.Load(name, folder));
        return FileStamp.Of(folder, [DatasetManifest.FileName, manifest.Train, manifest.Eval]);
    }
}
