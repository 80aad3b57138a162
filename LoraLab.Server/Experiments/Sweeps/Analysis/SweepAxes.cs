using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Server.Comparison;
using LoraLab.Server.Experiments.Sweeps.Space;

namespace LoraLab.Server.Experiments.Sweeps.Analysis;

/// <summary>Heat map axes: the values of a field if they are few, otherwise equal intervals on the scale of its range.</summary>
internal static class SweepAxes
{
    private const int MaxValues = 12;
    private const int Intervals = 6;

    /// <summary>The axis, and the function that maps a coordinate to an index on it.</summary>
    public static (SweepAxis Axis, Func<double, int> IndexOf) Of(Dimension dimension, SweepSampler sampler)
    {
        if (dimension.IsChoice || sampler == SweepSampler.Grid || dimension.Size <= MaxValues)
        {
            double[] values = [.. dimension.IsChoice || sampler == SweepSampler.Grid
                ? dimension.GridValues()
                : (dimension with { Steps = null }).GridValues()];
            if (dimension.IsChoice && values.All(value => dimension.Number(value) is not null))
            {
                Array.Sort(values, (a, b) => dimension.Number(a)!.Value.CompareTo(dimension.Number(b)!.Value));
            }

            return (new SweepAxis(dimension.Field, [.. values.Select(value => SettingFormat.Format(dimension.Value(value)))]), coordinate =>
                Array.IndexOf(values, coordinate));
        }

        double[] ends = [.. Enumerable.Range(0, Intervals + 1).Select(i => dimension.At((double)i / Intervals))];
        string[] labels =
            [.. Enumerable.Range(0, Intervals).Select(i => $"{NumberFormat.Setting(ends[i])} – {NumberFormat.Setting(ends[i + 1])}")];
        return (new SweepAxis(dimension.Field, labels), coordinate =>
            Math.Clamp(Array.FindLastIndex(ends, end => end <= coordinate), 0, Intervals - 1));
    }
}
