using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage.Records;

/// <summary>What is to be written beside the database, of one or more transactions that follow one another: of each document the latest.</summary>
internal sealed class RecordBatch
{
    /// <summary>By run.</summary>
    public Dictionary<string, StoredRun> Runs { get; } = [];

    /// <summary>By plan.</summary>
    public Dictionary<string, StoredExperiment> Experiments { get; } = [];

    public List<StoredResponse> Responses { get; } = [];

    /// <summary>Null: it is as it was.</summary>
    public StoreStateFile.Content? State { get; set; }

    /// <summary>What a transaction changed. A run that it removed is written no more.</summary>
    /// <param name="changed">Its runs; null: removed.</param>
    /// <param name="before">The runs as they were before it.</param>
    /// <param name="experiments">Its studies and sweeps.</param>
    /// <param name="responses">Its answers.</param>
    public void Add(IReadOnlyDictionary<string, StoredRun?> changed, Func<string, StoredRun?> before, IEnumerable<StoredExperiment> experiments, IEnumerable<StoredResponse> responses)
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
