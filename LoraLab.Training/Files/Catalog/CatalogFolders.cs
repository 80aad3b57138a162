using System.Collections.Concurrent;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Files.Catalog;

/// <summary>
/// Finds named folders under search roots. A name is a folder or <c>owner/folder</c>; it cannot escape a root, although
/// links inside a root may. A root may itself be an entry, or the Hugging Face cache. The first root that has the name wins.
/// The folders returned are physical: without links, so that links inside them mean what they mean to the system.
/// </summary>
/// <param name="kind">What the entries are, for messages.</param>
/// <param name="field">Field of specifications that names an entry.</param>
/// <param name="roots">The roots, in order.</param>
/// <param name="bundled">Names and folders of the bundled entries.</param>
/// <param name="cachePrefix">Prefix of the entries' repositories in a Hugging Face cache.</param>
/// <param name="isEntry">Whether a folder is an entry.</param>
internal sealed class CatalogFolders(
    string kind, string field, IReadOnlyList<string> roots, IReadOnlyList<(string Name, string Folder)> bundled, string cachePrefix,
    Func<string, bool> isEntry)
{
    private const int MaxNameLength = 200;
    private const int MaximumVisited = 1000;

    private readonly HubCache _cache = new(cachePrefix);
    private readonly ConcurrentDictionary<string, string> _pins = new();

    /// <summary>All names and their folders: the bundled ones first, the others ordered by name.</summary>
    public IReadOnlyList<(string Name, string Folder)> All()
    {
        SortedDictionary<string, string> found = new(StringComparer.Ordinal);
        foreach ((string name, string folder) in roots.SelectMany(Entries))
        {
            found.TryAdd(name, folder);
        }

        return
        [
            .. bundled.Where(entry => isEntry(entry.Folder)),
            .. found.Where(pair => BundledFolder(pair.Key) is null).Select(pair => (pair.Key, pair.Value)),
        ];
    }

    /// <summary>The folder of a name.</summary>
    /// <exception cref="RunFailure">
    /// The name is invalid or unknown; the message suggests a similar name and lists those available.
    /// </exception>
    public string Find(string? name)
    {
        if (NameProblem(name) is string problem)
        {
            throw RunFailure.BadData($"The {kind} name '{name}' {problem}.", field);
        }

        if (_pins.TryGetValue(name!, out string? commit))
        {
            string? pinned = roots.SelectMany(root => Candidates(root, name!, commit)).FirstOrDefault(isEntry);
            return pinned is not null ? PhysicalPath.Of(pinned) : throw RunFailure.BadData(
                $"The run used revision {commit} of the {kind} '{name}', which is no longer there; download it again with "
                    + $"'pull {name}@{commit}'.",
                field);
        }

        string? folder = BundledFolder(name!) is string own
            ? own
            : roots.SelectMany(root => Candidates(root, name!)).FirstOrDefault(isEntry);
        if (folder is not null && isEntry(folder))
        {
            return folder;
        }

        if (BrokenRepository(name!) is string broken)
        {
            throw RunFailure.BadData($"The {kind} '{name}' cannot be used: {broken}.", field);
        }

        string[] names = [.. All().Select(entry => entry.Name)];
        string? nearest = NearestName.Of(name!, names);
        throw RunFailure.BadData(
            $"There is no {kind} '{name}'{(nearest is null ? "." : $"; did you mean '{nearest}'?")} "
            + (names.Length == 0 ? $"No {kind} was found; download one with 'pull'." : $"Available: {Excerpt.Of(names)}."),
            field);
    }

    private string? BundledFolder(string name) => bundled.FirstOrDefault(entry => entry.Name == name).Folder;

    /// <summary>Makes a name mean one of its revisions, such as that of a run to continue, until the result is disposed.</summary>
    public IDisposable Pin(string name, string commit)
    {
        _pins[name] = commit;
        return new Release(() => _pins.TryRemove(name, out _));
    }

    /// <summary>Returns those of the configured roots that have no entry.</summary>
    public IEnumerable<string> Empty(IReadOnlyList<string> configured) => configured.Where(root => !Entries(root).Any());

    /// <summary>Why a root has no entry, as the end of a sentence.</summary>
    /// <param name="root">The root.</param>
    /// <param name="marker">What a folder must have to be an entry.</param>
    public string Problem(string root, string marker)
    {
        string physical = StoredRevisions.Enter(root) ?? root;
        try
        {
            string[] folders = Directory.GetDirectories(physical);
            string[] repositories = [.. folders.Where(_cache.IsOwn), .. _cache.IsOwn(physical) ? (string[])[physical] : []];
            if (repositories.Length > 0)
            {
                string? snapshot = HubCache.Snapshot(repositories[0], out string problem);
                return snapshot is null ? $"{Path.GetFileName(repositories[0])} {problem}" : $"{snapshot} has no {marker}";
            }

            return folders.Length == 0 && Directory.GetFiles(physical).Length == 0 ? "it is empty"
                : Deeper(physical) is string deeper ? $"{deeper} is one, but too deep; set the key to {Path.GetDirectoryName(deeper)}"
                : $"neither it nor one of its {folders.Length} folders has {marker}";
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return $"it cannot be read ({problem.Message.TrimEnd('.')})";
        }
    }

    /// <summary>An entry further down than names reach; null: none among the first folders.</summary>
    private string? Deeper(string root)
    {
        Queue<string> folders = new([root]);
        for (int visited = 0; visited < MaximumVisited && folders.TryDequeue(out string? folder); visited++)
        {
            if (isEntry(folder))
            {
                return folder;
            }

            foreach (string inner in SubFolders(folder))
            {
                folders.Enqueue(inner);
            }
        }

        return null;
    }

    /// <summary>The entries of a root: the root itself, its folders, the folders in those, and the repositories of a cache.</summary>
    private IEnumerable<(string Name, string Folder)> Entries(string root)
    {
        if (StoredRevisions.Enter(root) is not string physical)
        {
            yield break;
        }

        if (OfRoot(root, physical) is var (name, self) && isEntry(self))
        {
            yield return (name, self);
        }

        if (HubCache.IsRepository(physical))
        {
            yield break;
        }

        foreach (string path in SubFolders(physical))
        {
            if (OfCache(path) is var (repository, snapshot))
            {
                yield return (repository, snapshot);
            }
            else if (!HubCache.IsRepository(path) && StoredRevisions.Enter(path) is string folder)
            {
                if (isEntry(folder))
                {
                    yield return (Path.GetFileName(path), folder);
                    continue;
                }

                foreach (string inner in SubFolders(folder))
                {
                    if (OfCache(inner) is var (innerRepository, innerSnapshot))
                    {
                        yield return (innerRepository, innerSnapshot);
                    }
                    else if (!HubCache.IsRepository(inner) && StoredRevisions.Enter(inner) is string innerFolder && isEntry(innerFolder))
                    {
                        yield return ($"{Path.GetFileName(path)}/{Path.GetFileName(inner)}", innerFolder);
                    }
                }
            }
        }
    }

    /// <summary>The folders that a name may mean under a root, in the order of <see cref="Entries"/>.</summary>
    private IEnumerable<string> Candidates(string root, string name)
    {
        if (StoredRevisions.Enter(root) is not string physical)
        {
            yield break;
        }

        if (OfRoot(root, physical) is var (own, self) && own == name)
        {
            yield return self;
        }

        foreach (string repository in Repositories(physical, name))
        {
            if (HubCache.Snapshot(repository, out _) is string snapshot)
            {
                yield return snapshot;
            }
        }

        if (StoredRevisions.Enter(Path.Combine(physical, name.Replace('/', Path.DirectorySeparatorChar))) is string folder)
        {
            yield return folder;
        }
    }

    /// <summary>The folders that a revision of a name may have under a root.</summary>
    private IEnumerable<string> Candidates(string root, string name, string commit)
    {
        if (StoredRevisions.Enter(root) is not string physical)
        {
            yield break;
        }

        yield return new StoredRevisions(Path.Combine(physical, name.Replace('/', Path.DirectorySeparatorChar))).Folder(commit);
        if (_cache.IsOwn(physical) && _cache.NameOf(physical) == name)
        {
            yield return HubCache.Snapshot(physical, commit);
        }

        foreach (string repository in Repositories(physical, name))
        {
            yield return HubCache.Snapshot(repository, commit);
        }

        if (_cache.NameOfSnapshot(physical) == name && Path.GetFileName(physical) == commit)
        {
            yield return physical;
        }
    }

    /// <summary>The folders of a name in a cache; none for a name that is not that of the repository.</summary>
    private IEnumerable<string> Repositories(string root, string name)
    {
        string repository = _cache.FolderName(name);
        return _cache.NameOf(repository) != name ? []
            : SubFolders(root).Prepend(root).Select(folder => Path.Combine(folder, repository)).Where(Directory.Exists);
    }

    /// <summary>Why the repository of a name in a cache is no entry; null: there is no such repository.</summary>
    private string? BrokenRepository(string name)
    {
        foreach (string root in roots)
        {
            string physical = StoredRevisions.Enter(root) ?? root;
            bool isRepository = _cache.IsOwn(physical) && _cache.NameOf(physical) == name;
            foreach (string repository in isRepository ? [physical] : Repositories(physical, name))
            {
                return HubCache.Snapshot(repository, out string problem) is string snapshot
                    ? $"{snapshot} lacks the files of a {kind}; download it again"
                    : $"{repository} {problem}";
            }
        }

        return null;
    }

    /// <summary>The entry that a root itself would be: a repository or snapshot of a cache, or a folder named as the root.</summary>
    private (string Name, string Folder)? OfRoot(string root, string physical) =>
        _cache.IsOwn(physical) ? HubCache.Snapshot(physical, out _) is string snapshot ? (_cache.NameOf(physical), snapshot) : null
        : (_cache.NameOfSnapshot(physical) ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(root)), physical);

    private (string Name, string Folder)? OfCache(string path) =>
        _cache.IsOwn(path) && HubCache.Snapshot(PhysicalPath.Of(path), out _) is string snapshot && isEntry(snapshot)
            ? (_cache.NameOf(path), snapshot)
            : null;

    private static IEnumerable<string> SubFolders(string folder)
    {
        try
        {
            // Hidden folders are revisions, to which a file without the dot may point, or belong to other programs.
            ILookup<bool, string> folders = Directory.GetDirectories(folder).ToLookup(inner => Path.GetFileName(inner).StartsWith('.'));
            IEnumerable<string> pointers = folders[true].Select(hidden => Path.Combine(folder, Path.GetFileName(hidden)[1..]));
            return [.. folders[false].Concat(pointers.Where(File.Exists)).Order(StringComparer.Ordinal)];
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return []; // A folder that cannot be listed contains nothing usable.
        }
    }

    /// <summary>
    /// Why a string is not a valid name, or null. The same on every platform, so that a specification means the same everywhere.
    /// </summary>
    private static string? NameProblem(string? name)
    {
        if (string.IsNullOrWhiteSpace(name))
        {
            return "is empty";
        }

        if (name.Length > MaxNameLength)
        {
            return $"is longer than {MaxNameLength} characters";
        }

        if (name.AsSpan().IndexOfAny("\\:*?\"<>|") >= 0 || name.Any(char.IsControl))
        {
            return "contains an invalid character; it must be the name of a folder, not a path";
        }

        string[] parts = name.Split('/');
        return parts.Length > 2 || parts.Any(part => part is "" or "." or ".." || part != part.Trim())
            ? "is not of the form folder or owner/folder; paths are not accepted"
            : null;
    }

    private sealed class Release(Action action) : IDisposable
    {
        public void Dispose() => action();
    }
}
