using System.Text.Json;
using System.Text.RegularExpressions;
using LoraLab.Contracts;
using LoraLab.Files;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;

namespace LoraLab.Server.Storage.Records;

/// <summary>
/// Studies and sweeps as files, <c>plans/{id}.json</c> with <c>plans/{id}.submission.json</c> beside it, from which a damaged database is
/// rebuilt. Like the records of runs, they are written after the commit. Without its marker <c>plans/{id}.deleting</c>, one whose deletion
/// was committed just before a crash would be rebuilt at the next start.
/// </summary>
internal sealed partial class ExperimentRecords(LoraLabPaths paths, ILogger<ExperimentRecords> log)
{
    private const string Suffix = ".json";
    private const string SubmissionSuffix = ".submission.json";
    private const string DeletingSuffix = ".deleting";

    private readonly HashSet<string> _unwritten = [];

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

    /// <summary>Ids of the studies and sweeps that have a file.</summary>
    public IReadOnlyList<string> Ids => Directory.Exists(paths.ExperimentsDirectory)
        ? [.. Directory.EnumerateFiles(paths.ExperimentsDirectory, "*" + Suffix)
            .Select(file => ExperimentFile().Match(Path.GetFileName(file)))
            .Where(match => match.Success)
            .Select(match => match.Groups[1].Value)
            .Order(StringComparer.Ordinal)]
        : [];

    /// <summary>Ids of the studies and sweeps whose deletion has begun; the database may still have them.</summary>
    public IReadOnlyList<string> Deleting => Directory.Exists(paths.ExperimentsDirectory)
        ? [.. Directory.EnumerateFiles(paths.ExperimentsDirectory, "*" + DeletingSuffix)
            .Select(file => Path.GetFileNameWithoutExtension(file))]
        : [];

    /// <summary>Writes the marker of a deletion, before the database removes the study or sweep.</summary>
    public void BeginDeletion(string id)
    {
        try
        {
            Directory.CreateDirectory(paths.ExperimentsDirectory);
            File.Create(PathOf(id + DeletingSuffix)).Dispose();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A full disk on which a user frees space: without the marker, a crash right now would only keep the study.
            log.LogWarning("Cannot mark {Experiment} as being deleted ({Reason})", id, error.Message);
        }
    }

    /// <summary>Removes the marker of a study or sweep that was not deleted.</summary>
    public void CancelDeletion(string id) => File.Delete(PathOf(id + DeletingSuffix));

    /// <summary>Deletes the files after the database removed the study or sweep; the marker last.</summary>
    public void Delete(string id)
    {
        try
        {
            foreach (string suffix in (string[])[SubmissionSuffix, Suffix, DeletingSuffix])
            {
                File.Delete(PathOf(id + suffix));
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            log.LogWarning("Cannot delete the record of {Experiment} ({Reason}); retrying at the next start", id, error.Message);
        }
    }

    /// <summary>Writes the record; a failed write does not fail the change, which is in the database.</summary>
    public void Save(StoredExperiment experiment)
    {
        try
        {
            Write(experiment.Id + Suffix, Text(experiment));
            lock (_unwritten)
            {
                _unwritten.Remove(experiment.Id);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            lock (_unwritten)
            {
                if (_unwritten.Add(experiment.Id))
                {
                    log.LogWarning(
                        "Cannot write the record of {Kind} {Experiment} ({Reason}); retrying",
                        experiment.Kind,
                        experiment.Id,
                        error.Message);
                }
            }
        }
    }

    /// <summary>The current state of those that <see cref="Save(StoredExperiment)"/> could not write and that still exist.</summary>
    public IReadOnlyList<StoredExperiment> Unwritten(Func<string, StoredExperiment?> find)
    {
        lock (_unwritten)
        {
            _unwritten.RemoveWhere(id => find(id) is null);
            return [.. _unwritten.Select(find).OfType<StoredExperiment>()];
        }
    }

    public void Save(StoredResponse response)
    {
        try
        {
            Write(response.CreatedId + SubmissionSuffix, JsonSerializer.Serialize(response, ContractJson.Indented) + "\n");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            log.LogWarning("Cannot write the response to the submission of {Experiment} ({Reason})", response.CreatedId, error.Message);
        }
    }

    /// <summary>The record; null: missing or unreadable.</summary>
    public StoredExperiment? Read(string id) =>
        ReadJson<StoredExperiment>(id + Suffix) is { } experiment && experiment.Id == id ? experiment : null;

    public bool HasResponse(string id) => File.Exists(PathOf(id + SubmissionSuffix));

    public StoredResponse? ReadResponse(string id) =>
        ReadJson<StoredResponse>(id + SubmissionSuffix) is { } response && response.CreatedId == id ? response : null;

    /// <summary>Whether the record agrees with the database.</summary>
    public bool IsCurrent(StoredExperiment experiment) =>
        File.Exists(PathOf(experiment.Id + Suffix)) && File.ReadAllText(PathOf(experiment.Id + Suffix)) == Text(experiment);

    private static string Text(StoredExperiment experiment) => JsonSerializer.Serialize(experiment, ContractJson.Indented) + "\n";

    private void Write(string file, string text)
    {
        Directory.CreateDirectory(paths.ExperimentsDirectory);
        DurableFile.WriteAllText(PathOf(file), text);
    }

    private T? ReadJson<T>(string file)
        where T : class
    {
        try
        {
            return File.Exists(PathOf(file)) ? JsonSerializer.Deserialize<T>(File.ReadAllText(PathOf(file)), ContractJson.Options) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private string PathOf(string file) => Path.Combine(paths.ExperimentsDirectory, file);

    [GeneratedRegex("^([0-9a-z]{4,32})\\.json$")]
    private static partial Regex ExperimentFile();
}
