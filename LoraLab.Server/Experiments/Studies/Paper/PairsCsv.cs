using System.Globalization;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Server.Experiments.Studies.Evidence;
using LoraLab.Server.Experiments.Studies.Tables;

namespace LoraLab.Server.Experiments.Studies.Paper;

/// <summary>
/// The differences between all pairs of methods of a fair comparison as CSV, with full precision. The tables test differences from the best
/// method only, over which their p-values are adjusted; these are adjusted over all pairs of the part.
/// </summary>
internal static class PairsCsv
{
    /// <summary>One row per part and pair.</summary>
    public static string Write(StudyEvidence evidence)
    {
        CsvLines text = new();
        text.Add("part", "first", "second", "n", "metric", "difference", "differenceLow", "differenceHigh", "p", "holmP", "real", "note");
        foreach ((StudyPart part, string id) in PartTable.Of(evidence.Study.Plan))
        {
            foreach (MethodPair pair in MethodPair.All(evidence, part))
            {
                text.Add(
                    id,
                    pair.First,
                    pair.Second,
                    pair.Seeds.ToString(CultureInfo.InvariantCulture),
                    evidence.Metric.Key,
                    CsvLines.Number(pair.Difference),
                    CsvLines.Number(pair.Interval?.Low),
                    CsvLines.Number(pair.Interval?.High),
                    CsvLines.Number(pair.P),
                    CsvLines.Number(pair.HolmP),
                    pair.HolmP is double p ? p < PartResult.Alpha ? "true" : "false" : "",
                    pair.Untested);
            }
        }

        return text.ToString();
    }
}
