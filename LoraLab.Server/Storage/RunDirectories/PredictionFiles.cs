using System.Globalization;
using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Errors;

namespace LoraLab.Server.Storage.RunDirectories;

/// <summary>Predictions of a run: one CSV file per imported evaluation.</summary>
internal sealed class PredictionFiles(LoraLabPaths paths, IRunStore store, VerifiedTexts texts)
{
    public (int Step, string Path) Find(RunDocument run, string step)
    {
        int number;
        if (step == "last")
        {
            // The file of an evaluation whose event is not imported yet may be incomplete.
            IReadOnlyDictionary<string, MetricSeries> series = store.ReadSeries(run.Id, [MetricKeys.EvalLoss]);
            if (!series.TryGetValue(MetricKeys.EvalLoss, out MetricSeries? evaluations) || evaluations.X.Count == 0)
            {
                throw ApiFailure.NotFound("noPredictions", $"Run {run.Id} has no evaluation yet.");
            }

            number = evaluations.X[^1];
        }
        else if (step == "best")
        {
            number = run.Summary[TaskDescriptors.Of(run.Task, run.Metric).Primary.Key]?.BestStep
                ?? throw ApiFailure.NotFound("noPredictions", $"Run {run.Id} has no evaluation yet.");
        }
        else if (!int.TryParse(step, NumberStyles.None, CultureInfo.InvariantCulture, out number))
        {
            throw ApiFailure.Invalid("step", $"step is '{step}'; it must be 'last', 'best' or the step of an evaluation.");
        }

        string path = Path.Combine(paths.RunDirectory(run.Id), RunFiles.PredictionsAt(number));
        return File.Exists(path)
            ? (number, path)
            : throw ApiFailure.NotFound("noPredictions", $"Run {run.Id} has no predictions at step {number}.");
    }

    /// <summary>The predictions of a completed run's last evaluation; null: missing, damaged, or not covering all its rows.</summary>
    public PredictionSet? TryReadLast(RunDocument run)
    {
        try
        {
            (int step, string path) = Find(run, "last");
            PredictionSet set = Read(step, path);
            // A truncated file still has whole lines: it is valid only with all rows of the evaluation.
            return set.Items.Count == run.Summary.EvalRows ? set : null;
        }
        catch (Exception failure)
            when (failure is ApiFailure or IOException or UnauthorizedAccessException or FormatException or OverflowException)
        {
            return null;
        }
    }

    /// <summary>Reads part of the predictions of an evaluation, with the texts of the rows.</summary>
    public PredictionSet Read(RunDocument run, int step, string path, PredictionQuery query)
    {
        PredictionMoves moves = new(query.Flipped || query.History ? Evaluations(run) : []);
        PredictionSelection selection = new(query, query.Flipped ? moves.Flipped() : null);
        (string? rows, bool changed) = texts.Of(run.Id);
        PredictionSet set = selection.Read(step, path, rows) with { DataChanged = changed };
        if (!query.History)
        {
            return set;
        }

        IReadOnlyDictionary<int, List<PredictionPoint>> histories = moves.Of(set.Items.Select(item => item.Row).ToHashSet());
        return set with { Items = [.. set.Items.Select(item => item with { History = histories[item.Row] })] };
    }

    /// <summary>The imported evaluations whose predictions are there, by step.</summary>
    private (int Step, string Path)[] Evaluations(RunDocument run)
    {
        IReadOnlyDictionary<string, MetricSeries> series = store.ReadSeries(run.Id, [MetricKeys.EvalLoss]);
        IReadOnlyList<int> steps = series.TryGetValue(MetricKeys.EvalLoss, out MetricSeries? evaluations) ? evaluations.X : [];
        return
        [
            .. steps.Select(step => (step, Path.Combine(paths.RunDirectory(run.Id), RunFiles.PredictionsAt(step))))
                .Where(evaluation => File.Exists(evaluation.Item2)),
        ];
    }

    private static PredictionSet Read(int step, string path)
    {
        using StreamReader file = new(path);
        return PredictionSet.FromTable(step, CsvRows.Read(file));
    }
}
