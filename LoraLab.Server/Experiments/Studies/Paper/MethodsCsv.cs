using System.Globalization;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Server.Experiments.Studies.Evidence;
using LoraLab.Server.Experiments.Studies.Tables;

namespace LoraLab.Server.Experiments.Studies.Paper;

/// <summary>The numbers of the tables of a fair comparison as CSV, with full precision.</summary>
internal static class MethodsCsv
{
    /// <summary>One row per method and part.</summary>
    public static string Write(StudyEvidence evidence)
    {
        CsvLines text = new();
        text.Add(
            "part", "method", "arm", "rank", "n", "trainableParameters", "peakMemoryMb", "secondsPerStep", "metric", "mean", "low", "high",
            "difference", "differenceLow", "differenceHigh", "holmP", "real", "note");
        foreach ((StudyPart part, string id) in PartTable.Of(evidence.Study.Plan))
        {
            foreach (PartResult result in PartResult.Of(evidence, part))
            {
                text.Add(
                    id,
                    result.Method.Method,
                    result.Method.Key,
                    result.Rank?.ToString(CultureInfo.InvariantCulture),
                    result.Group.Counted.Count.ToString(CultureInfo.InvariantCulture),
                    CsvLines.Number(result.Cost(run => run.Document?.Summary.TrainableParameters)),
                    CsvLines.Number(result.Cost(run => run.PeakMemoryMb)),
                    CsvLines.Number(result.SecondsPerStep),
                    evidence.Metric.Key,
                    CsvLines.Number(result.Mean),
                    CsvLines.Number(result.Interval?.Low),
                    CsvLines.Number(result.Interval?.High),
                    CsvLines.Number(result.Difference),
                    CsvLines.Number(result.DifferenceInterval?.Low),
                    CsvLines.Number(result.DifferenceInterval?.High),
                    CsvLines.Number(result.HolmP),
                    result.IsBest ? "best" : result.IsReal switch { true => "true", false => "false", null => "" },
                    result.Untested);
            }
        }

        return text.ToString();
    }
}
