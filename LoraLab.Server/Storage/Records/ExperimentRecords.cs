using System.Text.Json;
using System.Text.RegularExpressions;
using LoraLab.Contracts;
using LoraLab.Files;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;

namespace LoraLab.Server.Storage.Records;

/// <summary>
/// Studies and sweeps as files, <c>plans/{id}.json</c> with <c>plans/{id}.submission.json</c> beside it, from which a rebuilt database has them
/// again. Written as the records of runs are: after the database has the change.
/// </summary>
internal sealed partial class ExperimentRecords(LoraLabPaths paths, ILogger<ExperimentRecords> log)
{
    private const string Suffix = ".json";
    private const string SubmissionSuffix = ".submission.json";

    private readonly HashSet<string> unwritten = [];

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

    /// <summary>The plans that have a file.</summary>
    public IReadOnlyList<string> Ids => Directory.Exists(paths.ExperimentsDirectory)
        ? [.. Directory.EnumerateFiles(paths.ExperimentsDirectory, "*" + Suffix).Select(file => ExperimentFile().Match(Path.GetFileName(file))).Where(match => match.Success).Select(match => match.Groups[1].Value).Order(StringComparer.Ordinal)]
        : [];

    /// <summary>Writes what changed; a disk that refuses is no failure of the change, which is in the database.</summary>
    public void Save(StoredExperiment experiment)
    {
        try
        {
            Write(experiment.Id + Suffix, Text(experiment));
            lock (unwritten)
            {
                unwritten.Remove(experiment.Id);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            lock (unwritten)
            {
                if (unwritten.Add(experiment.Id))
                {
                    log.LogWarning("The record of {Kind} {Plan} cannot be written now ({Reason}); it is tried again", experiment.Kind, experiment.Id, error.Message);
                }
            }
        }
    }

    /// <summary>What <see cref="Save(StoredExperiment)"/> could not write and there still is, as it is now.</summary>
    public IReadOnlyList<StoredExperiment> Unwritten(Func<string, StoredExperiment?> find)
    {
        lock (unwritten)
        {
            unwritten.RemoveWhere(id => find(id) is null);
            return [.. unwritten.Select(find).OfType<StoredExperiment>()];
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
            log.LogWarning("The answer to the submission of {Plan} cannot be kept beside it ({Reason})", response.CreatedId, error.Message);
        }
    }

    /// <summary>The record; null: there is none that can be read.</summary>
    public StoredExperiment? Read(string id) => ReadJson<StoredExperiment>(id + Suffix) is { } experiment && experiment.Id == id ? experiment : null;

    public bool HasResponse(string id) => File.Exists(PathOf(id + SubmissionSuffix));

    public StoredResponse? ReadResponse(string id) => ReadJson<StoredResponse>(id + SubmissionSuffix) is { } response && response.CreatedId == id ? response : null;

    /// <summary>Whether the record says what the database says.</summary>
    public bool IsCurrent(StoredExperiment experiment) => File.Exists(PathOf(experiment.Id + Suffix)) && File.ReadAllText(PathOf(experiment.Id + Suffix)) == Text(experiment);

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
