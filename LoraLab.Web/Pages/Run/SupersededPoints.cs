using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Web.Api;
using LoraLab.Web.State;

namespace LoraLab.Web.Pages.Run;

/// <summary>What earlier attempts told beyond the step from which a later one went on; read when somebody wants to see it.</summary>
public sealed class SupersededPoints(LabApi api)
{
    private readonly Dictionary<int, MetricStore> _books = [];

    /// <summary>Series of a metric, one for each attempt that has points which do not count.</summary>
    internal IEnumerable<(int Attempt, MetricSeries Series)> Of(string runId, string key) =>
        _books.Select(book => (book.Key, book.Value.Get(runId, key))).Where(entry => entry.Item2.X.Count > 0);

    /// <summary>Reads the attempts that have ended and were not read before.</summary>
    internal async Task LoadAsync(RunDocument run, CancellationToken cancellationToken)
    {
        foreach (RunAttempt attempt in run.Attempts.SkipLast(1).Where(attempt => !_books.ContainsKey(attempt.Number)))
        {
            // Its last point that counts is where the next attempt that trained went on.
            int? last = run.Attempts.Where(later => later.Number > attempt.Number).Min(later => later.ResumedFrom);
            if (last is null)
            {
                continue;
            }

            RunMetrics told = await api.AttemptMetricsAsync(run.Id, attempt.Number, cancellationToken);
            MetricStore book = new();
            book.Replace(told with { Series = told.Series.ToDictionary(series => series.Key, series => From(series.Value, last.Value)) });
            _books[attempt.Number] = book;
        }
    }

    /// <summary>The points from a step on: the one at the step joins the curve that counts.</summary>
    private static MetricSeries From(MetricSeries series, int step)
    {
        int first = series.X.TakeWhile(x => x < step).Count();
        return series.X.Skip(first).All(x => x == step)
            ? new MetricSeries()
            : new MetricSeries
            {
                X = [.. series.X.Skip(first)],
                Y = [.. series.Y.Skip(first)],
                NonFinite = [.. series.NonFinite.Where(point => point.Index >= first).Select(point => point with { Index = point.Index - first })],
            };
    }
}
