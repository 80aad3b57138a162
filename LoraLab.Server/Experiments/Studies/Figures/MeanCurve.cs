using LoraLab.Server.Experiments.Studies.Evidence;

namespace LoraLab.Server.Experiments.Studies.Figures;

/// <summary>The mean of a group's curves.</summary>
internal static class MeanCurve
{
    /// <summary>Mean, lowest and highest value over seeds at the steps that all counted runs were evaluated at: no mean is over fewer.</summary>
    public static IReadOnlyList<(int Step, double Mean, double Low, double High)> Of(StudyGroup group, string key)
    {
        List<Dictionary<int, double>> curves = [.. group.Counted.Select(run => run.Curve(key).Points.ToDictionary(point => point.Step, point => point.Value))];
        return curves.Count == 0
            ? []
            :
            [
                .. curves[0].Keys.Where(step => curves.TrueForAll(curve => curve.ContainsKey(step))).Order()
                    .Select(step => (step, curves.Average(curve => curve[step]), curves.Min(curve => curve[step]), curves.Max(curve => curve[step]))),
            ];
    }
}
