using System.Text.Json;
using System.Text.RegularExpressions;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Files;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;

namespace LoraLab.Server.Storage.Records;

/// <summary>
/// In each run's directory, what of the run only the database would know otherwise: <c>run.json</c>, the stored run, and
/// <c>submission.json</c>, the answer to a submission with an <c>Idempotency-Key</c>. What the worker tells in between is in the attempt's
/// events; <c>run.json</c> says up to which of them it goes.
/// </summary>
internal sealed partial class RunRecords(LoraLabPaths paths, ILogger<RunRecords> log)
{
    public const string Record = "run.json";
    public const string Submission = "submission.json";

    private readonly HashSet<string> unwritten = [];

    /// <summary>Runs whose record could not be written; it is tried again with their next change and by the store's maintenance.</summary>
    public bool HasUnwritten
    {
        get
        {
            lock (unwritten)
            {
                return unwritten.Count > 0;
            }
        }
    }

    /// <summary>The runs that have a directory.</summary>
    public IReadOnlyList<string> RunIds => Directory.Exists(paths.RunsDirectory)
        ? [.. Directory.EnumerateDirectories(paths.RunsDirectory).Where(IsRun).Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal)]
        : [];

    /// <summary>Whether a change is one that no event of a worker tells.</summary>
    public static bool NeedsRecord(StoredRun? before, StoredRun after) =>
        before is null
        || before.Document.State.IsTerminal() != after.Document.State.IsTerminal()
        || before.Document.Attempts.Count != after.Document.Attempts.Count
        || LastEvent(before) == LastEvent(after);

    /// <summary>Writes what changed; a disk that refuses is no failure of the change, which is in the database.</summary>
    public void Save(StoredRun run)
    {
        string id = run.Document.Id;
        try
        {
            Directory.CreateDirectory(paths.RunDirectory(id));
            DurableFile.WriteAllText(PathOf(id, Record), Text(run));
            lock (unwritten)
            {
                unwritten.Remove(id);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            lock (unwritten)
            {
                if (unwritten.Add(id))
                {
                    log.LogWarning("The record of run {Run} cannot be written now ({Reason}); it is tried again", id, error.Message);
                }
            }
        }
    }

    /// <summary>What <see cref="Save(StoredRun)"/> could not write and there still is, as it is now.</summary>
    public IReadOnlyList<StoredRun> Unwritten(Func<string, StoredRun?> find)
    {
        lock (unwritten)
        {
            unwritten.RemoveWhere(id => find(id) is null);
            return [.. unwritten.Select(find).OfType<StoredRun>()];
        }
    }

    public void Save(StoredResponse response)
    {
        try
        {
            Directory.CreateDirectory(paths.RunDirectory(response.CreatedId));
            DurableFile.WriteAllText(PathOf(response.CreatedId, Submission), JsonSerializer.Serialize(response, ContractJson.Indented) + "\n");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            log.LogWarning("The answer to the submission of run {Run} cannot be kept beside it ({Reason})", response.CreatedId, error.Message);
        }
    }

    /// <summary>The record; null: there is none that can be read.</summary>
    public StoredRun? Read(string id) =>
        ReadJson<StoredRun>(PathOf(id, Record)) is { } run && run.Document.Id == id ? run : null;

    public bool HasResponse(string id) => File.Exists(PathOf(id, Submission));

    public StoredResponse? ReadResponse(string id) =>
        ReadJson<StoredResponse>(PathOf(id, Submission)) is { } response && response.CreatedId == id ? response : null;

    public RunSpec? ReadSpec(string id) => ReadJson<RunSpec>(PathOf(id, RunFiles.Spec));

    /// <summary>Whether the record says what the database says.</summary>
    public bool IsCurrent(StoredRun run) => File.Exists(PathOf(run.Document.Id, Record)) && File.ReadAllText(PathOf(run.Document.Id, Record)) == Text(run);

    private static long LastEvent(StoredRun run) => run.Document.Attempts.Count == 0 ? 0 : run.Document.Attempts[^1].LastEvent;

    private static string Text(StoredRun run) => JsonSerializer.Serialize(run, ContractJson.Indented) + "\n";

    private static T? ReadJson<T>(string path)
        where T : class
    {
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize<T>(File.ReadAllText(path), ContractJson.Options) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private bool IsRun(string folder) => RunId().IsMatch(Path.GetFileName(folder))
        && (File.Exists(Path.Combine(folder, Record)) || File.Exists(Path.Combine(folder, RunFiles.Spec)));

    private string PathOf(string id, string file) => Path.Combine(paths.RunDirectory(id), file);

    [GeneratedRegex("^[0-9a-z]{4,32}$")]
    private static partial Regex RunId();
}
