using LoraLab.Contracts.Metrics;
using LoraLab.Server.Domain;
using LoraLab.Server.Storage.Index;

namespace LoraLab.Server.Storage.LiteDb;

/// <summary>A transaction on documents in memory: each write makes the view that later reads see.</summary>
/// <param name="stored">The documents before it.</param>
/// <param name="scope">The documents that it reads and writes.</param>
/// <param name="now">Time of the transaction.</param>
/// <param name="series">Reads stored points.</param>
internal sealed class ViewTransaction(StoreView stored, StoreScope scope, DateTimeOffset now, IRunSeries series)
    : StagedTransaction(scope, now)
{
    private StoreView _view = stored;

    /// <summary>The view after the commit.</summary>
    public StoreView Result => _view with { Paused = Paused };

    protected override IStoreReader Reader => _view;

    public override IReadOnlyDictionary<string, MetricSeries> ReadSeries(
        string runId, IReadOnlyCollection<string>? keys, int? attempt = null) => series.ReadSeries(runId, keys, attempt);

    protected override void OnChanged(string runId, StoredRun? run) =>
        _view = _view with { Runs = run is null ? _view.Runs.Without(runId) : _view.Runs.With(run) };

    protected override void OnExperimentChanged(string experimentId, StoredExperiment? experiment) => _view = _view with
    {
        Experiments = experiment is null ? _view.Experiments.Remove(experimentId) : _view.Experiments.SetItem(experimentId, experiment),
    };
}
