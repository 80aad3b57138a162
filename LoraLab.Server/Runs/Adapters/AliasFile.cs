using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Files;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Runs.Adapters;

/// <summary>
/// A copy of the aliases in the data directory, by which the trainer finds them: <c>initFrom</c> and commands without a server. The
/// documents of the runs remain the truth, and it is written anew at every start.
/// </summary>
internal sealed class AliasFile(IRunStore store, LoraLabPaths paths, ILogger<AliasFile> log)
{
    private readonly Lock _gate = new();

    /// <summary>Writes the file as the runs have the aliases now.</summary>
    public void Write()
    {
        string path = Path.Combine(paths.DataDirectory, AdapterReference.AliasFile);
        lock (_gate)
        {
            SortedDictionary<string, string> aliases = new(
                store.Enumerate(RunFilter.All).SelectMany(run => run.Document.Aliases.Select(alias => (alias, run.Document.Id)))
                    .ToDictionary(pair => pair.alias, pair => pair.Id),
                StringComparer.Ordinal);
            try
            {
                if (aliases.Count > 0 || File.Exists(path))
                {
                    DurableFile.WriteAllText(path, JsonSerializer.Serialize(aliases, ContractJson.Indented) + "\n");
                }
            }
            catch (Exception error) when (StorageFailure.Is(error))
            {
                log.LogError("Cannot write {File} ({Reason}): the trainer does not know the latest aliases", path, error.Message);
            }
        }
    }
}
