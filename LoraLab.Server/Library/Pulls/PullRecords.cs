using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Catalog;
using LoraLab.Files;
using LoraLab.Server.Infrastructure;

namespace LoraLab.Server.Library.Pulls;

/// <summary>The downloads as files in the data directory, one each, written when their state changes.</summary>
internal sealed class PullRecords(LoraLabPaths paths, ILogger<PullRecords> log)
{
    private const string Suffix = ".json";

    private string Folder => Path.Combine(paths.NodeDirectory, "pulls");

    /// <summary>All records that can be read.</summary>
    public IReadOnlyList<PullDocument> Load()
    {
        if (!Directory.Exists(Folder))
        {
            return [];
        }

        List<PullDocument> found = [];
        foreach (string file in Directory.EnumerateFiles(Folder, "*" + Suffix))
        {
            try
            {
                if (JsonSerializer.Deserialize<PullDocument>(File.ReadAllText(file), ContractJson.Options) is { } pull
                    && pull.Id == Path.GetFileNameWithoutExtension(file))
                {
                    found.Add(pull);
                }
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
            {
                log.LogWarning("The record {File} of a download cannot be read ({Reason})", file, error.Message);
            }
        }

        return found;
    }

    /// <summary>Writes a record.</summary>
    public void Save(PullDocument pull)
    {
        Directory.CreateDirectory(Folder);
        DurableFile.WriteAllText(PathOf(pull.Id), JsonSerializer.Serialize(pull, ContractJson.Indented) + "\n");
    }

    /// <summary>Writes a record if that is possible: the download goes on without it.</summary>
    public void TrySave(PullDocument pull)
    {
        try
        {
            Save(pull);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            log.LogWarning("Cannot write the record of download {Pull} ({Reason})", pull.Id, error.Message);
        }
    }

    /// <summary>Deletes a record.</summary>
    public void Delete(string id) => File.Delete(PathOf(id));

    private string PathOf(string id) => Path.Combine(Folder, id + Suffix);
}
