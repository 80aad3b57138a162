using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Server.Experiments.Sweeps.Space;

namespace LoraLab.Server.Experiments.Sweeps.Analysis;

/// <summary>A field as an axis of a heat map: its values where they are few, else equal intervals on the range's own scale.</summary>
internal static class SweepAxes
{
    private const int MostValues = 12;
    private const int Intervals = 6;

    /// <summary>The labels, and the index of a coordinate among them.</summary>
    public static (SweepAxis Axis, Func<double, int> IndexOf) Of(Dimension dimension, SweepSampler sampler)
    {
        if (dimension.IsChoice || sampler == SweepSampler.Grid || dimension.Size <= MostValues)
        {
            double[] values = [.. dimension.IsChoice || sampler == SweepSampler.Grid ? dimension.GridValues() : (dimension with { Steps = null }).GridValues()];
            if (dimension.IsChoice && values.All(value => dimension.Number(value) is not null))
            {
                Array.Sort(values, (a, b) => dimension.Number(a)!.Value.CompareTo(dimension.Number(b)!.Value));
            }

            return (new SweepAxis(dimension.Field, [.. values.Select(value => SweepFormat.Show(dimension.Value(value)))]), coordinate => Array.IndexOf(values, coordinate));
        }

        double[] ends = [.. Enumerable.Range(0, Intervals + 1).Select(i => dimension.At((double)i / Intervals))];
        string[] labels = [.. Enumerable.Range(0, Intervals).Select(i => $"{SweepFormat.Show(ends[i])} – {SweepFormat.Show(ends[i + 1])}")];
        return (new SweepAxis(dimension.Field, labels), coordinate => Math.Clamp(Array.FindLastIndex(ends, end => end <= coordinate), 0, Intervals - 1));
    }
}
