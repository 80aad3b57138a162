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
/// Copies in each run's directory of what otherwise only the database has: <c>run.json</c>, the stored run, and
/// <c>submission.json</c>, the response to a submission with an <c>Idempotency-Key</c>. The worker's reports in between are in the
/// attempt's events; <c>run.json</c> has the number of the last one that it includes.
/// </summary>
internal sealed partial class RunRecords(LoraLabPaths paths, ILogger<RunRecords> log)
{
    public const string Record = "run.json";
    public const string Submission = "submission.json";

    private readonly HashSet<string> _unwritten = [];

    /// <summary>Whether records could not be written; retried with the run's next change and by the store's maintenance.</summary>
    public bool HasUnwritten
    {
        get
        {
            lock (_unwritten)
            {
                return _unwritten.Count > 0;
            }
        }
    }

    /// <summary>Ids of the runs that have a directory.</summary>
    public IReadOnlyList<string> RunIds => Directory.Exists(paths.RunsDirectory)
        ? [.. Directory.EnumerateDirectories(paths.RunsDirectory).Where(IsRun).Select(folder => Path.GetFileName(folder))
            .Order(StringComparer.Ordinal)]
        : [];

    /// <summary>Whether a change must be recorded, because no worker event contains it.</summary>
    public static bool NeedsRecord(StoredRun? before, StoredRun after) =>
        before is null
        || before.Document.State.IsTerminal() != after.Document.State.IsTerminal()
        || before.Document.Attempts.Count != after.Document.Attempts.Count
        || LastEvent(before) == LastEvent(after);

    /// <summary>Writes the record; a failed write does not fail the change, which is in the database.</summary>
    public void Save(StoredRun run)
    {
        string id = run.Document.Id;
        try
        {
            Directory.CreateDirectory(paths.RunDirectory(id));
            DurableFile.WriteAllText(PathOf(id, Record), Text(run));
            lock (_unwritten)
            {
                _unwritten.Remove(id);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            lock (_unwritten)
            {
                if (_unwritten.Add(id))
                {
                    log.LogWarning("Cannot write the record of run {Run} ({Reason}); retrying", id, error.Message);
                }
            }
        }
    }

    /// <summary>The current state of runs that <see cref="Save(StoredRun)"/> could not write and that still exist.</summary>
    public IReadOnlyList<StoredRun> Unwritten(Func<string, StoredRun?> find)
    {
        lock (_unwritten)
        {
            _unwritten.RemoveWhere(id => find(id) is null);
            return [.. _unwritten.Select(find).OfType<StoredRun>()];
        }
    }

    public void Save(StoredResponse response)
    {
        try
        {
            Directory.CreateDirectory(paths.RunDirectory(response.CreatedId));
            DurableFile.WriteAllText(
                PathOf(response.CreatedId, Submission), JsonSerializer.Serialize(response, ContractJson.Indented) + "\n");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            log.LogWarning("Cannot write the response to the submission of run {Run} ({Reason})", response.CreatedId, error.Message);
        }
    }

    /// <summary>The record; null: missing or unreadable.</summary>
    public StoredRun? Read(string id) =>
        ReadJson<StoredRun>(PathOf(id, Record)) is { } run && run.Document.Id == id ? run : null;

    public bool HasResponse(string id) => File.Exists(PathOf(id, Submission));

    public StoredResponse? ReadResponse(string id) =>
        ReadJson<StoredResponse>(PathOf(id, Submission)) is { } response && response.CreatedId == id ? response : null;

    public RunSpec? ReadSpec(string id) => ReadJson<RunSpec>(PathOf(id, RunFiles.Spec));

    /// <summary>Whether the record agrees with the database.</summary>
    public bool IsCurrent(StoredRun run) =>
        File.Exists(PathOf(run.Document.Id, Record)) && File.ReadAllText(PathOf(run.Document.Id, Record)) == Text(run);

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
