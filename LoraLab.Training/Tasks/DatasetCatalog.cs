using System.Collections.Concurrent;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Data;
using LoraLab.Training.Data.Presets;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Catalog;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Tasks;

/// <summary>The datasets available to runs, each read by its task. Thread-safe.</summary>
public sealed class DatasetCatalog
{
    private readonly IReadOnlyList<string> _configured;
    private readonly TaskRegistry _tasks;
    private readonly CatalogFolders _folders;
    private readonly ConcurrentDictionary<string, (string Stamp, DatasetEntry Entry)> _entries = new();
    private readonly FileReadCache<DatasetManifest> _manifest = new();
    private readonly FileReadCache<Dataset> _rows = new();
    private readonly StoredEntries _stored;

    /// <summary>Creates a catalog over the configured roots, the downloaded datasets and the bundled sample.</summary>
    /// <param name="configuration">The roots.</param>
    /// <param name="tasks">Tasks that read the datasets; null: those of the trainer.</param>
    public DatasetCatalog(TrainingConfiguration configuration, TaskRegistry? tasks = null)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        _configured = configuration.DatasetDirectories;
        _tasks = tasks ?? TaskRegistry.Default;
        _stored = new StoredEntries(Path.Combine(configuration.DownloadedDatasets, ".entries"));
        _folders = new CatalogFolders(
            "dataset",
            "dataset",
            [.. configuration.DatasetDirectories, configuration.DownloadedDatasets],
            [
                (BundledSample.Name, Path.Combine(configuration.Home, "samples", "data")),
                .. BundledSample.SmallDatasets.Select(name => (name, Path.Combine(configuration.Home, "samples", "datasets", name))),
            ],
            "datasets--",
            folder => File.Exists(Path.Combine(folder, DatasetManifest.FileName)) || File.Exists(Path.Combine(folder, "train.tsv")));
    }

    /// <summary>Lists all datasets, usable or not, the bundled one first.</summary>
    public IReadOnlyList<DatasetEntry> List() => [.. _folders.All().Select(data => Describe(data.Name, data.Folder))];

    /// <summary>Says of every configured root that has no dataset why, one sentence each.</summary>
    public IReadOnlyList<string> EmptyRoots() =>
    [
        .. _folders.Empty(_configured).Select(root => $"LoraLab:DatasetDirectories contains {root}, which has no dataset: "
            + $"{_folders.Problem(root, $"{DatasetManifest.FileName} or train.tsv")}."),
    ];

    /// <summary>Makes a name mean one of its revisions until the result is disposed.</summary>
    /// <param name="name">Name of a dataset.</param>
    /// <param name="commit">Revision that a run used; null: none is recorded, and the name means what it always does.</param>
    public IDisposable? Pin(string name, string? commit) => commit is null ? null : _folders.Pin(name, commit);

    /// <summary>Returns the folder of a dataset, which may still be unusable: <see cref="Read(string)"/> checks it.</summary>
    /// <exception cref="RunFailure">The dataset does not exist; field <c>dataset</c>.</exception>
    public string Find(string name) => _folders.Find(name);

    /// <summary>Returns the rows of a dataset. The last dataset read is cached until its files change.</summary>
    /// <exception cref="RunFailure">The dataset does not exist or cannot be used; field <c>dataset</c>.</exception>
    public Dataset Read(string name) => Read(name, _folders.Find(name));

    /// <summary>
    /// Checks the fields of a specification that belong to the task of its dataset. What is wrong with the dataset itself is reported when
    /// it is read.
    /// </summary>
    /// <exception cref="RunFailure">A field is invalid.</exception>
    public void Check(RunSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        (ITask task, DatasetManifest? manifest) = (_tasks.DefaultTask, null);
        try
        {
            Stamps(spec.Dataset, _folders.Find(spec.Dataset), out DatasetManifest read);
            (task, manifest) = (_tasks.Of(read), read);
        }
        catch (RunFailure)
        {
            // The default task checks what does not depend on the dataset.
        }

        task.Check(spec, manifest);
    }

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

    /// <summary>Stores the entry of a dataset that was read before it is in the catalog, if it is large.</summary>
    /// <param name="entry">Its entry.</param>
    /// <param name="files">Paths of its files, <c>dataset.json</c> first.</param>
    internal void Remember(DatasetEntry entry, IEnumerable<string> files) => _stored.Keep(entry, [.. files.Select(FileStamp.Of)]);

    private DatasetEntry Describe(string name, string folder)
    {
        RevisionRecord? record = StoredRevisions.RecordOfFolder(folder);
        string stamp = string.Concat(DatasetPresets.Folders.Prepend("").Select(below => Path.Combine(folder, below))
            .Where(Directory.Exists).Select(FolderStamp.Of)) + record?.Revision;
        if (_entries.TryGetValue(folder, out (string Stamp, DatasetEntry Entry) cached) && cached.Stamp == stamp
            && cached.Entry.Name == name)
        {
            return cached.Entry;
        }

        DatasetEntry entry = Entry(name, folder) with
        {
            Commit = StoredRevisions.CommitOf(folder),
            Revision = record?.Revision,
        };
        _entries[folder] = (stamp, entry);
        return entry;
    }

    private DatasetEntry Entry(string name, string folder)
    {
        try
        {
            IReadOnlyList<FileStamp> files = Stamps(name, folder, out DatasetManifest manifest);
            return (_stored.Find(name, files) ?? _stored.Keep(Read(name, folder).Entry, files)) with { Run = manifest.Run };
        }
        catch (RunFailure problem)
        {
            return new DatasetEntry { Name = name, Usable = false, Problem = problem.Message };
        }
    }

    private Dataset Read(string name, string folder)
    {
        IReadOnlyList<FileStamp> files = Stamps(name, folder, out DatasetManifest manifest);
        return _rows.Get(name, files, () => _tasks.Of(manifest).Read(name, folder, manifest));
    }

    private IReadOnlyList<FileStamp> Stamps(string name, string folder, out DatasetManifest manifest)
    {
        FileStamp stamp = FileStamp.Of(Path.Combine(folder, DatasetManifest.FileName));
        // Which files a preset has is looked up each time: one may have been added.
        manifest = DatasetPresets.Resolve(name, folder, _manifest.Get(name, [stamp], () => DatasetManifest.Read(name, folder)));
        return FileStamp.Of(
            folder, [DatasetManifest.FileName, .. manifest.Files.SelectMany(file => DataFiles.Of(folder, file)).Distinct()]);
    }
}
