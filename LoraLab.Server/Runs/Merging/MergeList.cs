using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Files;
using LoraLab.Server.Infrastructure;

namespace LoraLab.Server.Runs.Merging;

/// <summary>The merges that were asked for and have not ended, in a file of the data directory, so that they survive a restart.</summary>
internal sealed class MergeList(LoraLabPaths paths, ILogger<MergeList> log)
{
    private readonly Lock _gate = new();

    private string FilePath => Path.Combine(paths.NodeDirectory, "merges.json");

    /// <summary>All of them, in the order in which they were asked for.</summary>
    public IReadOnlyList<AdapterReference> All()
    {
        lock (_gate)
        {
            return [.. Read().Select(AdapterReference.Parse)];
        }
    }

    /// <summary>Remembers a merge.</summary>
    public void Add(string run, AdapterChoice which) => Change(list => [.. list.Except([Text(run, which)]), Text(run, which)]);

    /// <summary>Forgets a merge, which has ended.</summary>
    public void Remove(string run, AdapterChoice which) => Change(list => [.. list.Except([Text(run, which)])]);

    private static string Text(string run, AdapterChoice which) => new AdapterReference(run, which).Text;

    private void Change(Func<IReadOnlyList<string>, IReadOnlyList<string>> change)
    {
        lock (_gate)
        {
            try
            {
                IReadOnlyList<string> before = Read(), after = change(before);
                if (!before.SequenceEqual(after))
                {
                    DurableFile.WriteAllText(FilePath, JsonSerializer.Serialize(after, ContractJson.Indented) + "\n");
                }
            }
            catch (Exception error) when (StorageFailure.Is(error))
            {
                log.LogWarning("Cannot write {File} ({Reason}): a merge would not survive a restart", FilePath, error.Message);
            }
        }
    }

    private IReadOnlyList<string> Read()
    {
        try
        {
            return File.Exists(FilePath)
                ? JsonSerializer.Deserialize<string[]>(File.ReadAllText(FilePath), ContractJson.Options) ?? []
                : [];
        }
        catch (Exception error) when (StorageFailure.Is(error) || error is JsonException)
        {
            log.LogWarning("Cannot read {File} ({Reason}): merges that were waiting are forgotten", FilePath, error.Message);
            return [];
        }
    }
}
