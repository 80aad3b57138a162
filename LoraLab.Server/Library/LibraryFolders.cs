using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Worker;
using LoraLab.Files;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Library.Pulls;
using LoraLab.Server.Storage;
using LoraLab.Server.Workers;

namespace LoraLab.Server.Library;

/// <summary>
/// The models and datasets in the data directory that the server made: of uploads, with a marker file in their folder, and of downloads,
/// with a record beside each revision. Nothing else is ever deleted, and no link is followed.
/// </summary>
internal sealed class LibraryFolders(
    LoraLabPaths paths, TrainerInspector inspector, PullService pulls, LibraryUse use, TimeProvider time, ILogger<LibraryFolders> log)
{
    /// <summary>The file in the folder of a dataset that was uploaded.</summary>
    public const string Marker = ".loralab-upload.json";

    private readonly SemaphoreSlim _changing = new(1);

    /// <summary>Checks that a new dataset can have a name.</summary>
    /// <exception cref="ApiFailure">It is no name, or taken.</exception>
    public async Task RequireFreeAsync(PullKind kind, string name, CancellationToken cancellationToken)
    {
        LibraryNames.Require(name);
        IReadOnlyList<string> published = (await AskAsync("published", cancellationToken)).Published ?? [];
        if (published.Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            throw ApiFailure.Invalid("name", $"'{name}' is the name of a published dataset, which can be downloaded; choose another name.");
        }

        bool isTaken = (await NamesAsync(kind, cancellationToken)).Contains(name, StringComparer.OrdinalIgnoreCase)
            || Path.Exists(Path.Combine(RootOf(kind), name));
        if (isTaken)
        {
            throw ApiFailure.Conflict("nameTaken", $"There is a {Word(kind)} '{name}' already; choose another name, or delete that first.");
        }
    }

    /// <summary>Moves the files of an upload to a folder of its name.</summary>
    /// <exception cref="ApiFailure">The name was taken meanwhile, or the dataset cannot be used.</exception>
    public async Task<DatasetEntry> AddDatasetAsync(UploadDocument upload, IEnumerable<string> files, CancellationToken cancellationToken)
    {
        await _changing.WaitAsync(cancellationToken);
        try
        {
            string root = RootOf(PullKind.Dataset), target = Path.Combine(root, upload.Name);
            Directory.CreateDirectory(root);
            string place = TemporaryName.Beside(Path.Combine(root, $".{upload.Name}"));
            Directory.CreateDirectory(place);
            List<string> moved = [];
            try
            {
                foreach (string file in files)
                {
                    File.Move(file, Path.Combine(place, Path.GetFileName(file)));
                    moved.Add(file);
                }

                var marker = new { upload.Id, upload.FileNames, upload.Seed, At = time.GetUtcNow() };
                DurableFile.WriteAllText(
                    Path.Combine(place, Marker), JsonSerializer.Serialize(marker, ContractJson.Indented) + "\n");
                Directory.Move(place, target);
                place = target;

                // The client may be gone, but the dataset is there.
                InspectResponse response = await AskAsync("datasets", CancellationToken.None);
                DatasetEntry? entry = response.Datasets?.FirstOrDefault(data => data.Name == upload.Name);
                return entry is { Usable: true } ? entry with { Deletable = true } : throw ApiFailure.Unprocessable(
                    "uploadUnusable", entry?.Problem ?? "The dataset cannot be read after it was moved.");
            }
            catch
            {
                // What was sent is not lost: the upload has its files again and can be kept once the reason is gone.
                moved.ForEach(file => File.Move(Path.Combine(place, Path.GetFileName(file)), file));
                Directory.Delete(place, recursive: true);
                throw;
            }
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Whether a name is that of something that the server made.</summary>
    public bool CanDelete(PullKind kind, string name) =>
        name.Split('/').All(part => part.Length > 0 && part[0] != '.')
        && LibraryFolder.Find(paths.DataDirectory, Path.Combine([RootOf(kind), .. name.Split('/')])) is not null;

    /// <summary>Deletes a model or dataset that the server made.</summary>
    /// <exception cref="ApiFailure">There is none, it is not the server's, or something uses it.</exception>
    public async Task DeleteAsync(PullKind kind, string name, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> known = await NamesAsync(kind, cancellationToken);
        string[] parts = name.Split('/');
        bool isName = parts.Length <= 2 && parts.All(part => part.Length is > 0 and <= 200 && part[0] != '.'
            && part.AsSpan().IndexOfAny("\\:*?\"<>|") < 0 && !part.Any(char.IsControl));
        string path = Path.Combine([RootOf(kind), .. isName ? parts : []]);
        if (!isName || (!known.Contains(name) && !LibraryFolder.Exists(path)))
        {
            throw ApiFailure.NotFound($"{Word(kind)}NotFound", $"There is no {Word(kind)} '{ApiFailure.Shorten(name)}'.");
        }

        await _changing.WaitAsync(cancellationToken);
        try
        {
            LibraryFolder folder = LibraryFolder.Find(paths.DataDirectory, path) ?? throw ApiFailure.Conflict(
                "notOurs",
                $"The {Word(kind)} '{name}' was not downloaded or uploaded by this server, which deletes only what it made; delete its "
                    + "folder yourself.");
            if (pulls.IsActive(kind, name))
            {
                throw ApiFailure.Conflict("inUse", $"The {Word(kind)} '{name}' is being downloaded; cancel the download first.");
            }

            if (use.Of(kind, name) is { } user)
            {
                throw ApiFailure.Conflict(
                    "inUse", $"The {Word(kind)} '{name}' is used by {user}; wait until that has ended, or cancel it.");
            }

            folder.Delete();
            log.LogInformation("Deleted {Kind} {Name}", Word(kind), name);
        }
        finally
        {
            _changing.Release();
        }
    }

    private static string Word(PullKind kind) => kind == PullKind.Model ? "model" : "dataset";

    private string RootOf(PullKind kind) => Path.Combine(paths.DataDirectory, kind == PullKind.Model ? "models" : "datasets");

    private async Task<IReadOnlyList<string>> NamesAsync(PullKind kind, CancellationToken cancellationToken) => kind == PullKind.Model
        ? [.. ((await AskAsync("models", cancellationToken)).Models ?? []).Select(model => model.Name)]
        : [.. ((await AskAsync("datasets", cancellationToken)).Datasets ?? []).Select(data => data.Name)];

    private Task<InspectResponse> AskAsync(string kind, CancellationToken cancellationToken) =>
        inspector.RequestAsync(new InspectRequest { Kind = kind }, cancellationToken);
}
