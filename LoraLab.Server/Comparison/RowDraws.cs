using System.Text.Json.Nodes;
using LoraLab.Contracts.Compare;
using LoraLab.Server.Comparison.Statistics;

namespace LoraLab.Server.Comparison;

/// <summary>Bootstrap draws of the runs of a comparison, made once per run: all runs on the same rows get the same draws.</summary>
internal sealed class RowDraws
{
    private readonly Dictionary<string, double[]?> _losses = [];
    private readonly Dictionary<(string Run, string Rows), double[]> _matches = [];

    /// <summary>
    /// Difference in loss per token of two runs on the same rows; null: a row has no finite loss or another number of tokens.
    /// </summary>
    public (double Difference, double Low, double High, double P)? Losses(ComparedRun a, ComparedRun b)
    {
        if (Tokens(a) is not double[] tokens || Tokens(b) is not double[] others || !tokens.SequenceEqual(others)
            || Sums(a) is not double[] first || Sums(b) is not double[] second)
        {
            return null;
        }

        (double low, double high, double p) = PairedBootstrap.Compare(LossDraws(a, first, tokens), LossDraws(b, second, tokens));
        double total = tokens.Sum();
        return ((first.Sum() - second.Sum()) / total, low, high, p);
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

        (double low, double high, double p) = PairedBootstrap.Compare(MatchDraws(a, rows), MatchDraws(b, rows));
        return new PairedMatches(
            rows.Length, (double)(onlyA - onlyB) / rows.Length, low, high, p, McNemarTest.PValue(onlyA, onlyB));
    }

    private double[] LossDraws(ComparedRun run, double[] sums, double[] tokens)
    {
        if (_losses.GetValueOrDefault(run.Id) is double[] known)
        {
            return known;
        }

        double[] draws = PairedBootstrap.Draw([sums], tokens)[0];
        _losses[run.Id] = draws;
        return draws;
    }

    private double[] MatchDraws(ComparedRun run, int[] rows)
    {
        (string, string) key = (run.Id, string.Join(',', rows));
        if (!_matches.TryGetValue(key, out double[]? draws))
        {
            double[] right = [.. rows.Select(row => run.Predictions![row].Correct == true ? 1.0 : 0)];
            _matches[key] = draws = PairedBootstrap.Draw([right], [.. rows.Select(_ => 1.0)])[0];
        }

        return draws;
    }

    /// <summary>Loss of each row, summed over its tokens.</summary>
    private static double[]? Sums(ComparedRun run)
    {
        double?[] sums = [.. run.Predictions!.Select(row => row.Loss)];
        return sums.All(sum => sum is not null) ? [.. sums.OfType<double>()] : null;
    }

    private static double[]? Tokens(ComparedRun run)
    {
        double?[] tokens = [.. run.Predictions!.Select(row =>
            row.Tokens is JsonValue value && value.TryGetValue(out int count) ? (double)count : (double?)null)];
        return tokens.All(count => count is not null) ? [.. tokens.OfType<double>()] : null;
    }
}
