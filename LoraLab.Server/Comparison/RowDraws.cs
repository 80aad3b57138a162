using System.Text.Json.Nodes;
using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Metrics;
using LoraLab.Server.Comparison.Statistics;

namespace LoraLab.Server.Comparison;

/// <summary>Bootstrap draws of the runs of a comparison, made once per run: all runs on the same rows get the same draws.</summary>
internal sealed class RowDraws
{
    private readonly Dictionary<(string Run, string Metric, string Rows), double[]> _draws = [];

    /// <summary>
    /// Difference in the primary metric of two runs on the same rows; null: their predictions do not have it, or a row has no finite loss
    /// or another number of tokens.
    /// </summary>
    public (double Difference, double Low, double High, double P)? Primary(ComparedRun a, ComparedRun b)
    {
        MetricDescriptor metric = a.Metric;
        int[] rows = [.. Enumerable.Range(0, a.Predictions!.Count)];
        if (ClassificationMetrics.Measures.TryGetValue(metric.Key, out Func<ClassificationMetrics, double>? measure))
        {
            return Compare(a, b, metric, rows, run => Labels(run, measure));
        }

        if (metric.Key is MetricKeys.EvalLoss or MetricKeys.EvalPerplexity)
        {
            return Tokens(a) is not double[] tokens || Tokens(b) is not double[] others || !tokens.SequenceEqual(others)
                || Sums(a) is not double[] first || Sums(b) is not double[] second
                ? null
                : Compare(a, b, metric, rows, run => Loss(run == a ? first : second, tokens, metric));
        }

        int[] measured = [.. rows.Where(row => Value(a, row, metric.ShortKey) is not null && Value(b, row, metric.ShortKey) is not null)];
        return measured.Length == 0 ? null : Compare(a, b, metric, measured, run => Mean(run, measured, metric.ShortKey));
    }

    /// <summary>Difference in the share of exact matches on the rows for which both runs generated a text; null: there are none.</summary>
    public PairedMatches? Matches(ComparedRun a, ComparedRun b, int onlyA, int onlyB)
    {
        int[] rows = [.. Enumerable.Range(0, a.Predictions!.Count)
            .Where(row => a.Predictions[row].Correct is not null && b.Predictions![row].Correct is not null)];
        if (rows.Length == 0)
        {
            return null;
        }

        MetricDescriptor metric = MetricCatalog.Default.Of(MetricKeys.EvalExactMatch);
        (double _, double low, double high, double p) = Compare(a, b, metric, rows, run => Mean(run, rows, metric.ShortKey));
        return new PairedMatches(
            rows.Length, (double)(onlyA - onlyB) / rows.Length, low, high, p, McNemarTest.PValue(onlyA, onlyB));
    }

    private (double Difference, double Low, double High, double P) Compare(
        ComparedRun a, ComparedRun b, MetricDescriptor metric, int[] rows, Func<ComparedRun, Func<int[], double>> measure)
    {
        (double low, double high, double p) = PairedBootstrap.Compare(Draws(a), Draws(b));
        int[] once = [.. rows.Select(_ => 1)];
        return (measure(a)(once) - measure(b)(once), low, high, p);

        double[] Draws(ComparedRun run)
        {
            (string, string, string) key = (run.Id, metric.Key, string.Join(',', rows));
            if (!_draws.TryGetValue(key, out double[]? draws))
            {
                _draws[key] = draws = PairedBootstrap.Draw([measure(run)], rows.Length)[0];
            }

            return draws;
        }
    }

    private static Func<int[], double> Labels(ComparedRun run, Func<ClassificationMetrics, double> measure)
    {
        (int Label, int Predicted)[] pairs = [.. run.Predictions!.Select(row => (row.Label!.Value, row.Predicted!.Value))];
        int labels = run.Predictions![0].Scores.Count;
        return times => measure(ClassificationMetrics.Of(pairs.Select((pair, row) => (pair.Label, pair.Predicted, times[row])), labels));
    }

    private static Func<int[], double> Loss(double[] sums, double[] tokens, MetricDescriptor metric)
    {
        Func<int[], double> loss = PairedBootstrap.Ratio(sums, tokens);
        return metric.Key == MetricKeys.EvalLoss ? loss : times => Math.Exp(loss(times));
    }

    private static Func<int[], double> Mean(ComparedRun run, int[] rows, string name) =>
        PairedBootstrap.Ratio([.. rows.Select(row => Value(run, row, name)!.Value)], [.. rows.Select(_ => 1.0)]);

    private static double? Value(ComparedRun run, int row, string name) =>
        run.Predictions![row].Metrics.TryGetValue(name, out double value) ? value : null;

    /// <summary>Loss of each row, summed over its tokens; with labels, minus the score of the true one.</summary>
    private static double[]? Sums(ComparedRun run)
    {
        double?[] sums = [.. run.Predictions!.Select(row => row.Label is int label ? -row.Scores[label] : row.Loss)];
        return sums.All(sum => sum is not null) ? [.. sums.OfType<double>()] : null;
    }

    /// <summary>What the loss of each row is divided by: its tokens; with labels, one row.</summary>
    private static double[]? Tokens(ComparedRun run)
    {
        double?[] tokens = [.. run.Predictions!.Select(row => row.Label is not null ? 1
            : row.Tokens is JsonValue value && value.TryGetValue(out int count) ? (double)count : (double?)null)];
        return tokens.All(count => count is not null) ? [.. tokens.OfType<double>()] : null;
    }
}
