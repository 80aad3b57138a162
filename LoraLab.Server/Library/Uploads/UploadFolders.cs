using System.Text.Json;
using System.Text.RegularExpressions;
using LoraLab.Contracts;
using LoraLab.Contracts.Catalog;
using LoraLab.Files;
using LoraLab.Server.Infrastructure;

namespace LoraLab.Server.Library.Uploads;

/// <summary>
/// The uploads in <c>data/uploads</c>, each in a folder with a random name: what was sent (<c>source</c>), what the trainer made of it
/// (<c>dataset</c>) and the document. A folder without a document was not received completely and is deleted at the next start.
/// </summary>
internal sealed partial class UploadFolders
{
    /// <summary>Name of the folder with the files as they were sent.</summary>
    public const string Source = "source";

    /// <summary>Name of the folder with what the trainer made of them.</summary>
    public const string Prepared = "dataset";

    private const string Record = "upload.json";
    private static readonly TimeSpan _kept = TimeSpan.FromDays(1);

    private readonly LoraLabPaths _paths;
    private readonly TimeProvider _time;
    private readonly ILogger<UploadFolders> _log;

    public UploadFolders(LoraLabPaths paths, TimeProvider time, ILogger<UploadFolders> log)
    {
        (_paths, _time, _log) = (paths, time, log);
        foreach (string folder in Folders())
        {
            if (!File.Exists(Path.Combine(folder, Record)))
            {
                Delete(Path.GetFileName(folder));
            }
        }
    }

    private string Root => Path.Combine(_paths.DataDirectory, "uploads");

    /// <summary>The uploads, the latest first; those that are too old are deleted.</summary>
    public IReadOnlyList<UploadDocument> All()
    {
        List<UploadDocument> found = [];
        foreach (UploadDocument upload in Folders().Select(folder => Find(Path.GetFileName(folder))).OfType<UploadDocument>())
        {
            if (_time.GetUtcNow() - upload.CreatedAt > _kept)
            {
                Delete(upload.Id);
            }
            else
            {
                found.Add(upload);
            }
        }

        return [.. found.OrderByDescending(upload => upload.CreatedAt)];
    }

    /// <summary>Creates the folder of a new upload; returns its id.</summary>
    public string Create()
    {
        string id = Guid.NewGuid().ToString("n");
        Directory.CreateDirectory(PathOf(id, Source));
        return id;
    }

    /// <summary>The document of an upload; null: there is none.</summary>
    public UploadDocument? Find(string id)
    {
        try
        {
            return Id().IsMatch(id) && File.Exists(PathOf(id, Record))
                && JsonSerializer.Deserialize<UploadDocument>(File.ReadAllText(PathOf(id, Record)), ContractJson.Options) is { } upload
                && upload.Id == id
                    ? upload
                    : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            _log.LogWarning("The upload {Upload} cannot be read ({Reason})", id, error.Message);
            return null;
        }
    }

    /// <summary>Writes the document.</summary>
    public void Save(UploadDocument upload) =>
        DurableFile.WriteAllText(PathOf(upload.Id, Record), JsonSerializer.Serialize(upload, ContractJson.Indented) + "\n");

    /// <summary>Deletes an upload with its files.</summary>
    public void Delete(string id)
    {
        try
        {
            if (Directory.Exists(PathOf(id)))
            {
                Directory.Delete(PathOf(id), recursive: true);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            _log.LogWarning("The upload {Upload} cannot be deleted ({Reason})", id, error.Message);
        }
    }

    /// <summary>Path of an upload's folder, or of something in it.</summary>
    public string PathOf(string id, string part = "") => Path.Combine(Root, id, part);

    private IEnumerable<string> Folders() => Directory.Exists(Root)
        ? Directory.EnumerateDirectories(Root).Where(folder => Id().IsMatch(Path.GetFileName(folder))).ToList()
        : [];

    [GeneratedRegex("^[0-9a-f]{32}\\z")]
    private static partial Regex Id();
}
