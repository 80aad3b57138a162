using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Server.Experiments.Sweeps.Space;
using MathNet.Numerics;

namespace LoraLab.Server.Experiments.Sweeps.Sampling;

/// <summary>
/// A range: equal parts of a normal density around each number that was tried, each cut off at the range's ends, and one as wide as the range
/// around its middle, which is the prior. The deviation at a number is the distance to its farther neighbour, not below the range's width / min(100, N + 2)
/// and not above the width. Log-uniform fields are handled in logarithms; a whole number stands for the interval of half a unit around it.
/// Source: Bergstra et al. (2011), section 4.1 and its reference implementation's adaptive Parzen estimator.
/// </summary>
internal sealed class RangeEstimator : IParzenEstimator
{
    private const int Finest = 100;

    private readonly Dimension dimension;
    private readonly double low;
    private readonly double high;
    private readonly (double Mean, double Deviation, double Mass)[] parts;

    public RangeEstimator(Dimension dimension, IReadOnlyList<double> tried)
    {
        this.dimension = dimension;
        double margin = dimension.Range == SweepRange.Integer ? 0.5 : 0;
        (low, high) = (Scale(dimension.Low - margin), Scale(dimension.High + margin));
        // One value alone has no width; any density does for it.
        double width = high > low ? high - low : 1;
        double middle = (low + high) / 2;
        double[] means = [.. tried.Select(Scale).Append(middle).Order()];
        double narrowest = width / Math.Min(Finest, tried.Count + 2);
        int prior = Array.IndexOf(means, middle);
        parts = [.. means.Select((mean, i) => Part(mean, i == prior ? width : Math.Clamp(Farther(means, i), narrowest, width)))];
    }

    public double Draw(SeededRandom random)
    {
        if (low == high)
        {
            return dimension.Low;
        }

        (double mean, double deviation, _) = parts[random.Next(parts.Length)];
        double value;
        do
        {
            value = mean + (deviation * random.NextNormal());
        }
        while (value < low || value > high);
        return dimension.Tidy(dimension.IsLog ? Math.Exp(value) : value);
    }

    public double LogDensity(double coordinate)
    {
        if (dimension.Range == SweepRange.Integer)
        {
            return Math.Log(parts.Average(part => (Below(part, coordinate + 0.5) - Below(part, coordinate - 0.5)) / part.Mass));
        }

        double value = Scale(coordinate);
        return Math.Log(parts.Average(part => Math.Exp(-0.5 * Math.Pow((value - part.Mean) / part.Deviation, 2)) / (part.Deviation * part.Mass)));
    }

    private (double Mean, double Deviation, double Mass) Part(double mean, double deviation)
    {
        (double Mean, double Deviation, double Mass) part = (mean, deviation, 1);
        return part with { Mass = Math.Max(Below(part, high) - Below(part, low), 1e-12) };
    }

    private double Farther(double[] means, int i) => Math.Max(
        means[i] - (i > 0 ? means[i - 1] : low),
        (i + 1 < means.Length ? means[i + 1] : high) - means[i]);

    private static double Below((double Mean, double Deviation, double Mass) part, double value) =>
        0.5 * SpecialFunctions.Erfc((part.Mean - value) / (part.Deviation * Math.Sqrt(2)));

    private double Scale(double value) => dimension.IsLog ? Math.Log(value) : value;
}
