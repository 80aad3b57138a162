using LoraLab.Server.Experiments.Studies.Evidence;

namespace LoraLab.Server.Experiments.Studies.Figures;

/// <summary>The mean curve of a group.</summary>
internal static class MeanCurve
{
    /// <summary>Mean, minimum and maximum over seeds at the steps at which all counted runs were evaluated.</summary>
    public static IReadOnlyList<(int Step, double Mean, double Low, double High)> Of(StudyGroup group, string key)
    {
        List<Dictionary<int, double>> curves =
            [.. group.Counted.Select(run => run.Curve(key).Points.ToDictionary(point => point.Step, point => point.Value))];
        return curves.Count == 0
            ? []
            :
            [
                .. curves[0].Keys.Where(step => curves.TrueForAll(curve => curve.ContainsKey(step))).Order()
                    .Select(step =>
                        (step, curves.Average(curve => curve[step]), curves.Min(curve => curve[step]), curves.Max(curve => curve[step]))),
            ];
    }
}
