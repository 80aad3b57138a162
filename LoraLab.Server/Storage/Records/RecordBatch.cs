using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage.Records;

/// <summary>Files to write beside the database for one or more consecutive transactions: the latest version of each document.</summary>
internal sealed class RecordBatch
{
    /// <summary>Runs by id.</summary>
    public Dictionary<string, StoredRun> Runs { get; } = [];

    /// <summary>Studies and sweeps by id.</summary>
    public Dictionary<string, StoredExperiment> Experiments { get; } = [];

    public List<StoredResponse> Responses { get; } = [];

    /// <summary>Content of <c>store.json</c>; null: unchanged.</summary>
    public StoreStateFile.Content? State { get; set; }

    /// <summary>Adds the changes of a transaction. A removed run is not written any more.</summary>
    /// <param name="changed">Changed runs; null: removed.</param>
    /// <param name="before">The runs before the transaction.</param>
    /// <param name="experiments">Changed studies and sweeps.</param>
    /// <param name="responses">New responses.</param>
    public void Add(
        IReadOnlyDictionary<string, StoredRun?> changed,
        Func<string, StoredRun?> before,
        IEnumerable<StoredExperiment> experiments,
        IEnumerable<StoredResponse> responses)
    {
        foreach ((string id, StoredRun? run) in changed)
        {
            if (run is null)
            {
                Runs.Remove(id);
                Responses.RemoveAll(response => response.CreatedId == id);
            }
            else if (Runs.ContainsKey(id) || RunRecords.NeedsRecord(before(id), run))
            {
                Runs[id] = run;
            }
        }

        foreach (StoredExperiment experiment in experiments)
        {
            Experiments[experiment.Id] = experiment;
        }

        Responses.AddRange(responses);
    }
}
