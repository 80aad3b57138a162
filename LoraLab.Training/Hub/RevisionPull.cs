using LoraLab.Files;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Catalog;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Hub;

/// <summary>The steps that the downloads of models and datasets share: a revision becomes a folder of its own, then the name's.</summary>
/// <param name="client">The hub.</param>
/// <param name="options">Its connection settings.</param>
/// <param name="repository">Repository and requested revision.</param>
/// <param name="configuration">Configures the data directory, whose runs keep their revisions.</param>
/// <param name="report">Receives the progress.</param>
/// <param name="cancellation">Stops the download.</param>
internal sealed class RevisionPull(
    HubClient client,
    HubOptions options,
    HubRepository repository,
    TrainingConfiguration configuration,
    IPullReport report,
    CancellationToken cancellation)
{
    public HubRepository Repository => repository;

    public CancellationToken Cancellation => cancellation;

    /// <summary>Lists the files of the requested revision.</summary>
    /// <exception cref="RunFailure">The hub's commit cannot be the name of a folder.</exception>
    public async Task<HubListing> ListAsync()
    {
        HubListing listing = await HubRetry.RunAsync(
            options, () => client.ListAsync(repository, cancellation), () => 0, cancellation).ConfigureAwait(false);
        return listing.Commit.Length is > 0 and <= 100 && listing.Commit.All(char.IsAsciiLetterOrDigit)
            ? listing
            : throw RunFailure.BadData(
                $"The commit of '{repository}' is '{Excerpt.Of(listing.Commit)}', which no Hugging Face Hub returns; check HF_ENDPOINT.");
    }

    /// <summary>Opens the folder of the unfinished download.</summary>
    public StagingFolder Stage(StoredRevisions revisions, HubListing listing) =>
        new(revisions, listing.Commit, revisions.Container + ".part");

    /// <summary>Returns the files that the revision's folder lacks.</summary>
    /// <exception cref="RunFailure">The name is taken by a link or file that no download made.</exception>
    public async Task<IReadOnlyList<HubFile>> MissingAsync(StoredRevisions revisions, HubListing listing, IReadOnlyList<HubFile> files)
    {
        string folder = revisions.Folder(listing.Commit);
        if (revisions.IsForeign)
        {
            throw RunFailure.BadData(
                $"{revisions.Pointer} is a link or file that 'pull' did not make; rename it, or use the model that it points to.");
        }

        List<HubFile> missing = [];
        foreach (HubFile file in files)
        {
            if (!await HubChecksum.IsAsync(Path.Combine(folder, file.Path), file, cancellation).ConfigureAwait(false))
            {
                missing.Add(file);
            }
        }

        return missing;
    }

    /// <summary>Copies missing files from other revisions and from the folder of an earlier version, if their checksums match.</summary>
    public async Task ReuseAsync(StoredRevisions revisions, IReadOnlyList<HubFile> missing, StagingFolder staging)
    {
        string[] sources = [.. revisions.IsPlainFolder ? (string[])[revisions.Pointer] : [], .. revisions.All().Select(revisions.Folder)];
        foreach (HubFile file in missing.Where(file => file.HasChecksum))
        {
            string target = staging.File(file.Path);
            foreach (string source in sources.Select(folder => Path.Combine(folder, file.Path)))
            {
                if (!File.Exists(target) && await HubChecksum.IsAsync(source, file, cancellation).ConfigureAwait(false))
                {
                    File.Copy(source, target + ".copy", overwrite: true);
                    File.Move(target + ".copy", target);
                }
            }
        }
    }

    /// <summary>Downloads files into the staging folder.</summary>
    public async Task FetchAsync(
        HubListing listing,
        StagingFolder staging,
        IReadOnlyList<HubFile> files,
        Func<HubFile, string> nameOf,
        Action<HubFile> onDownloaded)
    {
        HubDownload download = new(client, options, repository, listing.Commit);
        staging.RequireSpace(files.Sum(file => file.Size ?? 0));
        await report.DownloadAsync(files, async (file, onProgress) =>
        {
            await download.FetchAsync(file, staging.File(nameOf(file)), onProgress, cancellation).ConfigureAwait(false);
            onDownloaded(file);
        }).ConfigureAwait(false);
    }

    /// <summary>Makes the name point to the complete revision, deletes those that nothing uses, and reports the result.</summary>
    public void Finish(string name, StoredRevisions revisions, HubListing listing)
    {
        string? earlier = revisions.Publish(new(repository.Id, repository.Revision, listing.Commit, options.Endpoint.AbsoluteUri));
        if (earlier is not null && IsContained(earlier, revisions.Folder(listing.Commit)))
        {
            Directory.Delete(earlier, recursive: true);
        }
        else if (earlier is not null)
        {
            Say($"The files that were in the folder before are in {earlier}; delete it if you do not need them.");
        }

        IReadOnlySet<string> used = RevisionUsers.Commits(configuration.DataDirectory);
        foreach (string commit in revisions.Prune(used.Contains))
        {
            Say($"Deleted revision {commit}, which nothing uses any more.");
        }

        Report(name, revisions.Folder(listing.Commit));
    }

    /// <summary>Reports where a model or dataset is, and its revision.</summary>
    public void Report(string name, string folder)
    {
        RevisionRecord? record = StoredRevisions.RecordOfFolder(folder);
        report.Done(name, folder, record?.Commit, record?.Revision);
    }

    /// <summary>Writes a line.</summary>
    public void Say(string line) => report.Say(line);

    /// <summary>Whether a folder has nothing that another one does not have byte for byte.</summary>
    private static bool IsContained(string folder, string other) =>
        Directory.GetDirectories(folder).Length == 0
        && Array.TrueForAll(Directory.GetFiles(folder), path => Path.Combine(other, Path.GetFileName(path)) is string same
            && File.Exists(same) && new FileInfo(same).Length == new FileInfo(path).Length
            && Sha256Hash.OfFile(same) == Sha256Hash.OfFile(path));
}
