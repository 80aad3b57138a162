using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage.Records;

/// <summary>What is to be written beside the database, of one or more transactions that follow one another: of each document the latest.</summary>
internal sealed class RecordBatch
{
    /// <summary>By run.</summary>
    public Dictionary<string, StoredRun> Runs { get; } = [];

    /// <summary>By plan.</summary>
    public Dictionary<string, StoredExperiment> Plans { get; } = [];

    public List<StoredResponse> Answers { get; } = [];

    /// <summary>Null: it is as it was.</summary>
    public StoreStateFile.Content? Ledger { get; set; }

    /// <summary>What a transaction changed. A run that it removed is written no more.</summary>
    /// <param name="changed">Its runs; null: removed.</param>
    /// <param name="before">The runs as they were before it.</param>
    /// <param name="plans">Its studies and sweeps.</param>
    /// <param name="answers">Its answers.</param>
    public void Add(IReadOnlyDictionary<string, StoredRun?> changed, Func<string, StoredRun?> before, IEnumerable<StoredExperiment> plans, IEnumerable<StoredResponse> answers)
    {
        foreach ((string id, StoredRun? run) in changed)
        {
            if (run is null)
            {
                Runs.Remove(id);
                Answers.RemoveAll(answer => answer.RunId == id);
            }
            else if (Runs.ContainsKey(id) || RunRecords.IsNews(before(id), run))
            {
                Runs[id] = run;
            }
        }

        foreach (StoredExperiment plan in plans)
        {
            Plans[plan.Id] = plan;
        }

        Answers.AddRange(answers);
    }
}
