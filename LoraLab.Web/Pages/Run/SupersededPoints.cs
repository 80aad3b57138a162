using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Web.Api;
using LoraLab.Web.State;

namespace LoraLab.Web.Pages.Run;

/// <summary>Points of earlier attempts beyond the step from which a later one resumed, loaded on demand.</summary>
public sealed class SupersededPoints(LabApi api)
{
    private readonly Dictionary<int, MetricStore> _stores = [];

    /// <summary>The superseded series of a metric, one per attempt that has any.</summary>
    internal IEnumerable<(int Attempt, MetricSeries Series)> Series(string runId, string key) =>
        _stores.Select(store => (store.Key, store.Value.Get(runId, key))).Where(entry => entry.Item2.X.Count > 0);

    /// <summary>Loads the ended attempts that are not loaded yet.</summary>
    internal async Task LoadAsync(RunDocument run, CancellationToken cancellationToken)
    {
        foreach (RunAttempt attempt in run.Attempts.SkipLast(1).Where(attempt => !_stores.ContainsKey(attempt.Number)))
        {
            // Its last valid point is where the next attempt that trained resumed.
            int? last = run.Attempts.Where(later => later.Number > attempt.Number).Min(later => later.ResumedFrom);
            if (last is null)
            {
                continue;
            }

            RunMetrics metrics = await api.AttemptMetricsAsync(run.Id, attempt.Number, cancellationToken);
            MetricStore store = new();
            store.Replace(
                metrics with { Series = metrics.Series.ToDictionary(series => series.Key, series => From(series.Value, last.Value)) });
            _stores[attempt.Number] = store;
        }
    }

    /// <summary>The points from a step on; the one at that step joins the valid curve.</summary>
    private static MetricSeries From(MetricSeries series, int step)
    {
        int first = series.X.TakeWhile(x => x < step).Count();
        return series.X.Skip(first).All(x => x == step)
            ? new MetricSeries()
            : new MetricSeries
            {
                X = [.. series.X.Skip(first)],
                Y = [.. series.Y.Skip(first)],
                NonFinite =
                    [.. series.NonFinite.Where(point => point.Index >= first).Select(point => point with { Index = point.Index - first })],
            };
    }
}
