using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Catalog;
using LoraLab.Files;
using LoraLab.Server.Infrastructure;

namespace LoraLab.Server.Library.Pulls;

/// <summary>
/// The downloads as files in the data directory, one each, written when their state changes. Of several nodes, each has a folder of its
/// own, which the others read, and where they ask for a download to be cancelled.
/// </summary>
internal sealed class PullRecords(LoraLabPaths paths, ILogger<PullRecords> log)
{
    private const string Name = "pulls";
    private const string Suffix = ".json";
    private const string Cancel = ".cancel";

    private string Folder => Path.Combine(paths.NodeDirectory, Name);

    /// <summary>All records of this node that can be read.</summary>
    public IReadOnlyList<PullDocument> Load() => Read(Folder);

    /// <summary>Those of the other nodes.</summary>
    public IEnumerable<PullDocument> OfOtherNodes() => !Directory.Exists(paths.NodesDirectory) ? []
        : Directory.EnumerateDirectories(paths.NodesDirectory).Where(folder => folder != paths.NodeDirectory)
            .SelectMany(folder => Read(Path.Combine(folder, Name)).Select(pull => pull with { Node = Path.GetFileName(folder) }));

    /// <summary>Whether a download of this node has a record.</summary>
    public bool Has(string id) => File.Exists(PathOf(id));

    /// <summary>Asks another node to cancel its download.</summary>
    public void AskToCancel(PullDocument pull) => File.WriteAllText(Path.ChangeExtension(PathOf(pull), Cancel), "");

    /// <summary>The downloads that other nodes asked this one to cancel, once each.</summary>
    public IReadOnlyList<string> TakeCancelled()
    {
        if (!Directory.Exists(Folder))
        {
            return [];
        }

        string[] asked = Directory.GetFiles(Folder, "*" + Cancel);
        Array.ForEach(asked, File.Delete);
        return [.. asked.Select(file => Path.GetFileNameWithoutExtension(file))];
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

    /// <summary>Deletes a record, also that of another node.</summary>
    public void Delete(PullDocument pull) => File.Delete(PathOf(pull));

    private string PathOf(string id) => Path.Combine(Folder, id + Suffix);

    private string PathOf(PullDocument pull) =>
        pull.Node is null ? PathOf(pull.Id) : Path.Combine(paths.NodesDirectory, pull.Node, Name, pull.Id + Suffix);

    private List<PullDocument> Read(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return [];
        }

        List<PullDocument> found = [];
        foreach (string file in Directory.EnumerateFiles(folder, "*" + Suffix))
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
}
