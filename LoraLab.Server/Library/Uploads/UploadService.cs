using System.Collections.Concurrent;
using System.ComponentModel;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Workers;

namespace LoraLab.Server.Library.Uploads;

/// <summary>
/// Uploads: received, previewed by the trainer, changed, and kept as a dataset. The trainer reads each upload in a process of its own,
/// because a large file takes long and much memory.
/// </summary>
internal sealed class UploadService(
    UploadReceiver receiver, UploadFolders folders, LibraryFolders library, WorkerLocator locator, TimeProvider time,
    ILogger<UploadService> log)
{
    private const int MaximumUploads = 20;
    private static readonly TimeSpan _reading = TimeSpan.FromMinutes(10);

    private readonly SemaphoreSlim _places = new(2);
    private readonly ConcurrentDictionary<string, byte> _busy = new();

    /// <summary>The uploads that are not kept yet, the latest first.</summary>
    public IReadOnlyList<UploadDocument> All => folders.All();

    /// <summary>An upload.</summary>
    /// <exception cref="ApiFailure">There is none with this id.</exception>
    public UploadDocument Get(string id) => folders.Find(id) ?? throw ApiFailure.NotFound(
        "uploadNotFound", $"There is no upload '{ApiFailure.Shorten(id)}'; it was kept or deleted. Upload the files again.");

    /// <summary>Receives files and previews them.</summary>
    public async Task<UploadDocument> CreateAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (folders.All().Count >= MaximumUploads)
        {
            throw ApiFailure.Conflict(
                "tooManyUploads", $"{MaximumUploads} uploads wait to be kept; keep or delete some of them, and upload again.");
        }

        string id = folders.Create();
        try
        {
            UploadParts parts = await receiver.ReceiveAsync(
                request, folders.PathOf(id, UploadFolders.Source), cancellationToken);
            string name = parts.Name.Length > 0 ? parts.Name : LibraryNames.Proposed(parts.Train!.Value.Sent);
            await library.RequireFreeAsync(PullKind.Dataset, name, cancellationToken);
            UploadDocument upload = new()
            {
                Id = id,
                Name = name,
                FileNames = [parts.Train!.Value.Sent, .. parts.Eval is { } eval ? (string[])[eval.Sent] : []],
                Bytes = parts.Bytes,
                Seed = parts.Seed,
                Model = parts.Model,
                CreatedAt = time.GetUtcNow(),
                Preview = new() { Manifest = parts.Manifest ?? [] },
            };
            upload = await PreviewAsync(upload, parts.Manifest, cancellationToken);
            folders.Save(upload);
            return upload;
        }
        catch
        {
            folders.Delete(id);
            throw;
        }
    }

    /// <summary>Changes what the files mean, and previews them again.</summary>
    public Task<UploadDocument> ChangeAsync(string id, UploadPatch patch, CancellationToken cancellationToken) => AloneAsync(id, async () =>
    {
        UploadDocument upload = Get(id);
        if (patch.Name is not null)
        {
            await library.RequireFreeAsync(PullKind.Dataset, patch.Name, cancellationToken);
        }

        UploadDocument changed = upload with
        {
            Name = patch.Name ?? upload.Name,
            Seed = patch.Seed is null or >= 0
                ? patch.Seed ?? upload.Seed
                : throw ApiFailure.Invalid("seed", $"seed is {patch.Seed}; it must not be negative."),
            Model = patch.Model is null ? upload.Model : patch.Model.Length == 0 ? null : patch.Model,
        };
        changed = await PreviewAsync(changed, patch.Manifest ?? upload.Preview.Manifest, cancellationToken);
        folders.Save(changed);
        return changed;
    });

    /// <summary>Makes an upload a dataset.</summary>
    /// <exception cref="ApiFailure">It cannot be used yet, or the name is taken.</exception>
    public Task<DatasetEntry> KeepAsync(string id, CancellationToken cancellationToken) => AloneAsync(id, async () =>
    {
        UploadDocument upload = Get(id);
        if (upload.Preview.Entry is null)
        {
            throw ApiFailure.Unprocessable("uploadUnusable", upload.Preview.Problem ?? "The upload cannot be used as a dataset.");
        }

        await library.RequireFreeAsync(PullKind.Dataset, upload.Name, cancellationToken);
        DatasetEntry entry = await library.AddDatasetAsync(upload, Files(upload), cancellationToken);
        folders.Delete(id);
        return entry;
    });

    /// <summary>Deletes an upload that was sent to be kept at once, whatever became of it.</summary>
    public void Forget(string id) => folders.Delete(id);

    /// <summary>Deletes an upload that is not kept.</summary>
    public Task DeleteAsync(string id) => AloneAsync(id, () =>
    {
        folders.Delete(Get(id).Id);
        return Task.FromResult(true);
    });

    /// <summary>The files of the dataset: of an upload that was split, the parts.</summary>
    private IEnumerable<string> Files(UploadDocument upload)
    {
        string folder = folders.PathOf(upload.Id, upload.Preview.Split is null ? UploadFolders.Source : UploadFolders.Prepared);
        string manifest = Path.Combine(folders.PathOf(upload.Id, UploadFolders.Prepared), "dataset.json");
        return Directory.EnumerateFiles(folder).Where(file => Path.GetFileName(file) != "dataset.json").Append(manifest);
    }

    private async Task<UploadDocument> PreviewAsync(
        UploadDocument upload, JsonObject? manifest, CancellationToken cancellationToken)
    {
        string source = folders.PathOf(upload.Id, UploadFolders.Source), prepared = folders.PathOf(upload.Id, UploadFolders.Prepared);
        string next = prepared + ".new";
        Remove(next);
        string[] files = [.. Directory.GetFiles(source).Select(file => Path.GetFileName(file)!)];
        InspectResponse response = await AskAsync(
            new()
            {
                Name = upload.Name,
                Folder = source,
                Train = files.First(file => file.StartsWith("train.", StringComparison.Ordinal)),
                Eval = files.FirstOrDefault(file => file.StartsWith("eval.", StringComparison.Ordinal)),
                Manifest = manifest,
                Seed = upload.Seed,
                Model = upload.Model,
                Output = next,
            },
            cancellationToken);
        DatasetPreview read = response switch
        {
            { FieldError: { } error } => throw ApiFailure.Invalid(error.Field, error.Message),
            { Upload: { } preview } => preview,
            _ => throw ApiFailure.Unavailable("trainerRefused", response.Error ?? "The trainer did not return a preview."),
        };
        // Only now: a change that is refused leaves the upload as it was.
        Remove(prepared);
        if (Directory.Exists(next))
        {
            Directory.Move(next, prepared);
        }

        return upload with { Preview = read };
    }

    private static void Remove(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task<InspectResponse> AskAsync(UploadRequest request, CancellationToken cancellationToken)
    {
        if (locator.Problem is { } problem)
        {
            throw ApiFailure.Unavailable("trainerUnavailable", problem);
        }

        await _places.WaitAsync(cancellationToken);
        try
        {
            using InspectorProcess process = new(locator.Command("inspect"), log);
            return await process.RequestAsync(new() { Kind = "upload", Upload = request }, _reading, cancellationToken);
        }
        catch (TrainerExitedException)
        {
            throw ApiFailure.Unprocessable(
                "uploadUnreadable",
                "The trainer ended while it read the files, probably because there is too little memory; upload fewer rows.");
        }
        catch (TimeoutException)
        {
            throw ApiFailure.Unprocessable(
                "uploadUnreadable", $"The files could not be read within {_reading.TotalMinutes} minutes; upload fewer rows.");
        }
        catch (Win32Exception error)
        {
            throw ApiFailure.Unavailable("trainerUnavailable", locator.CannotStart(error));
        }
        finally
        {
            _places.Release();
        }
    }

    /// <summary>Nothing else may be done with an upload at the same time.</summary>
    private async Task<T> AloneAsync<T>(string id, Func<Task<T>> action)
    {
        if (!_busy.TryAdd(id, 0))
        {
            throw ApiFailure.Conflict("uploadBusy", "The upload is being read; try again when that has ended.");
        }

        try
        {
            return await action();
        }
        finally
        {
            _busy.TryRemove(id, out _);
        }
    }
}
