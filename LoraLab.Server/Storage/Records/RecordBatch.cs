using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage.Records;

/// <summary>Files to write beside the database for one or more consecutive transactions: the latest version of each document.</summary>
internal sealed class RecordBatch
{
    /// <summary>Runs by id.</summary>
    public Dictionary<string, StoredRun> Runs { get; } = [];

    /// <summary>Studies and sweeps by id.</summary>
    public Dictionary<string, StoredExperiment> Experiments { get; } = [];

    /// <summary>Ids of removed studies and sweeps.</summary>
    public HashSet<string> RemovedExperiments { get; } = [];

    public List<StoredResponse> Responses { get; } = [];

    /// <summary>Content of <c>store.json</c>; null: unchanged.</summary>
    public StoreStateFile.Content? State { get; set; }

    /// <summary>Adds the changes of a transaction. A removed run is not written any more.</summary>
    /// <param name="changed">Changed runs; null: removed.</param>
    /// <param name="before">The runs before the transaction.</param>
    /// <param name="experiments">Changed studies and sweeps; null: removed.</param>
    /// <param name="responses">New responses.</param>
    public void Add(
        IReadOnlyDictionary<string, StoredRun?> changed,
        Func<string, StoredRun?> before,
        IReadOnlyDictionary<string, StoredExperiment?> experiments,
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

        foreach ((string id, StoredExperiment? experiment) in experiments)
        {
            if (experiment is null)
            {
                Experiments.Remove(id);
                Responses.RemoveAll(response => response.CreatedId == id);
                RemovedExperiments.Add(id);
            }
            else
            {
                Experiments[id] = experiment;
            }
        }

        Responses.AddRange(responses);
    }
}
