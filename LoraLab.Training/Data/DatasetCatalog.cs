using System.Collections.Concurrent;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Catalog;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Data;

/// <summary>The data sets that runs can name. Safe for several threads.</summary>
public sealed class DatasetCatalog
{
    private readonly CatalogFolders _folders;
    private readonly ConcurrentDictionary<string, (string Stamp, DatasetEntry Entry)> _described = new();
    private readonly FileReadCache<DatasetManifest> _manifest = new();
    private readonly FileReadCache<ClassificationDataset> _rows = new();

    /// <summary>A catalog over the configured roots, the downloaded data sets and the bundled sample.</summary>
    public DatasetCatalog(TrainingConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        _folders = new CatalogFolders(
            "data set",
            "dataset",
            [.. configuration.DatasetDirectories, configuration.DownloadedDatasets],
            Path.Combine(configuration.Home, "samples", "data"),
            folder => File.Exists(Path.Combine(folder, DatasetManifest.FileName)) || File.Exists(Path.Combine(folder, "train.tsv")));
    }

    /// <summary>All data sets, usable or not, the bundled one first.</summary>
    public IReadOnlyList<DatasetEntry> List() => [.. _folders.All().Select(data => Describe(data.Name, data.Folder))];

    /// <summary>The folder of a data set; <see cref="Read(string)"/> says whether it can be used.</summary>
    /// <exception cref="RunFailure">There is no such data set; field <c>dataset</c>.</exception>
    public string Find(string name) => _folders.Find(name);

    /// <summary>The rows of a data set. They are read again only when its files changed, or those of another were read meanwhile.</summary>
    /// <exception cref="RunFailure">There is no such data set, or it cannot be used; field <c>dataset</c>.</exception>
    public ClassificationDataset Read(string name) => Read(name, _folders.Find(name));

    /// <summary>The files of a data set as they are now.</summary>
    /// <exception cref="RunFailure">There is no such data set; field <c>dataset</c>.</exception>
    public IReadOnlyList<FileSnapshot> FileSnapshots(string name)
    {
        string folder = _folders.Find(name);
        try
        {
            return [.. Stamps(name, folder, out _).Select(file => file.ToSnapshot(name))];
        }
        catch (RunFailure)
        {
            // The manifest says which other files there are; what is wrong with it is told when the rows are read.
            return [FileStamp.Of(Path.Combine(folder, DatasetManifest.FileName)).ToSnapshot(name)];
        }
    }

    /// <summary>What a list shows of one data set.</summary>
    /// <exception cref="RunFailure">There is no such data set.</exception>
    public DatasetEntry Describe(string name) => Describe(name, _folders.Find(name));

    private DatasetEntry Describe(string name, string folder)
    {
        string stamp = FolderStamp.Of(folder);
        if (_described.TryGetValue(folder, out (string Stamp, DatasetEntry Entry) known) && known.Stamp == stamp && known.Entry.Name == name)
        {
            return known.Entry;
        }

        DatasetEntry entry = DatasetReader.Describe(name, () => Read(name, folder));
        _described[folder] = (stamp, entry);
        return entry;
    }

    private ClassificationDataset Read(string name, string folder)
    {
        IReadOnlyList<FileStamp> files = Stamps(name, folder, out DatasetManifest manifest);
        return _rows.Get(name, files, () => DatasetReader.Read(name, folder, manifest));
    }

    private IReadOnlyList<FileStamp> Stamps(string name, string folder, out DatasetManifest manifest)
    {
        DatasetManifest known = manifest = _manifest.Get(name, [FileStamp.Of(Path.Combine(folder, DatasetManifest.FileName))], () => DatasetManifest.Load(name, folder));
        return FileStamp.Of(folder, [DatasetManifest.FileName, known.Train, known.Eval]);
    }
}
