using System.Globalization;
using System.Text;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Errors;

namespace LoraLab.Server.Storage.RunDirectories;

/// <summary>Predictions of a run: one CSV file per imported evaluation.</summary>
internal sealed class PredictionFiles(LoraLabPaths paths, IRunStore store)
{
    private const int FixedColumns = 3;

    public (int Step, string Path) Find(RunDocument run, string step)
    {
        string wanted = step;
        int number;
        if (step == "last")
        {
            // The file of an evaluation whose event is not imported yet may be incomplete.
            IReadOnlyDictionary<string, MetricSeries> series = store.ReadSeries(run.Id, [MetricKeys.EvalAccuracy]);
            if (!series.TryGetValue(MetricKeys.EvalAccuracy, out MetricSeries? evaluations) || evaluations.X.Count == 0)
            {
                throw ApiFailure.NotFound("noPredictions", $"Run {run.Id} has no evaluation yet.");
            }

            number = evaluations.X[^1];
        }
        else if (!int.TryParse(wanted, NumberStyles.None, CultureInfo.InvariantCulture, out number))
        {
            throw ApiFailure.Invalid("step", $"step is '{wanted}'; it must be 'last' or the step of an evaluation.");
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

    public static PredictionSet Read(int step, string path)
    {
        using StreamReader reader = new(path);
        IReadOnlyList<string> header = Split(reader.ReadLine() ?? "");
        List<Prediction> items = [];
        while (reader.ReadLine() is { } line)
        {
            IReadOnlyList<string> cells = Split(line);
            if (cells.Count == header.Count && cells.Count > FixedColumns)
            {
                items.Add(new Prediction(
                    int.Parse(cells[0], CultureInfo.InvariantCulture),
                    int.Parse(cells[1], CultureInfo.InvariantCulture),
                    int.Parse(cells[2], CultureInfo.InvariantCulture),
                    [.. cells.Skip(FixedColumns).Select(cell => double.Parse(cell, CultureInfo.InvariantCulture))]));
            }
        }

        return new PredictionSet(step, [.. header.Skip(FixedColumns)], items);
    }

    /// <summary>Cells of a line; a quoted cell may contain commas and doubled quotes.</summary>
    private static List<string> Split(string line)
    {
        List<string> cells = [];
        StringBuilder cell = new();
        bool quoted = false;
        for (int i = 0; i < line.Length; i++)
        {
            if (line[i] == '"' && quoted && i + 1 < line.Length && line[i + 1] == '"')
            {
                cell.Append('"');
                i++;
            }
            else if (line[i] == '"')
            {
                quoted = !quoted;
            }
            else if (line[i] == ',' && !quoted)
            {
                cells.Add(cell.ToString());
                cell.Clear();
            }
            else
            {
                cell.Append(line[i]);
            }
        }

        cells.Add(cell.ToString());
        return cells;
    }
}
