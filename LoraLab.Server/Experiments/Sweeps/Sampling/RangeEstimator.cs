using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Server.Experiments.Sweeps.Space;
using MathNet.Numerics;

namespace LoraLab.Server.Experiments.Sweeps.Sampling;

/// <summary>
/// Estimator of a numeric field: an equally weighted mixture of normal densities, truncated to the range, one around each observed number
/// and one as wide as the range around its midpoint, which is the prior. The standard deviation at a number is the distance to its
/// farther neighbor, clamped to [range width / min(100, N + 2), range width]. Log-uniform fields are modeled in log space; an integer
/// stands for the interval of ±½ around it.
/// Source: Bergstra et al. (2011), section 4.1 and its reference implementation's adaptive Parzen estimator.
/// </summary>
internal sealed class RangeEstimator : IParzenEstimator
{
    private const int MaxResolution = 100;

    private readonly Dimension dimension;
    private readonly double low;
    private readonly double high;
    private readonly (double Mean, double Deviation, double Mass)[] components;

    public RangeEstimator(Dimension dimension, IReadOnlyList<double> observed)
    {
        this.dimension = dimension;
        double margin = dimension.Range == SweepRange.Integer ? 0.5 : 0;
        (low, high) = (Scale(dimension.Low - margin), Scale(dimension.High + margin));
        // A single value has no width; any density will do.
        double width = high > low ? high - low : 1;
        double middle = (low + high) / 2;
        double[] means = [.. observed.Select(Scale).Append(middle).Order()];
        double narrowest = width / Math.Min(MaxResolution, observed.Count + 2);
        int prior = Array.IndexOf(means, middle);
        components = [.. means.Select((mean, i) => Component(mean, i == prior ? width : Math.Clamp(NeighborDistance(means, i), narrowest, width)))];
    }

    public double Draw(SeededRandom random)
    {
        if (low == high)
        {
            return dimension.Low;
        }

        (double mean, double deviation, _) = components[random.Next(components.Length)];
        double value;
        do
        {
            value = mean + (deviation * random.NextNormal());
        }
        while (value < low || value > high);
        return dimension.Normalize(dimension.IsLog ? Math.Exp(value) : value);
    }

    public double LogDensity(double coordinate)
    {
        if (dimension.Range == SweepRange.Integer)
        {
            return Math.Log(components.Average(component => (Cdf(component, coordinate + 0.5) - Cdf(component, coordinate - 0.5)) / component.Mass));
        }

        double value = Scale(coordinate);
        return Math.Log(components.Average(component => Math.Exp(-0.5 * Math.Pow((value - component.Mean) / component.Deviation, 2)) / (component.Deviation * component.Mass)));
    }

    private (double Mean, double Deviation, double Mass) Component(double mean, double deviation)
    {
        (double Mean, double Deviation, double Mass) component = (mean, deviation, 1);
        return component with { Mass = Math.Max(Cdf(component, high) - Cdf(component, low), 1e-12) };
    }

    private double NeighborDistance(double[] means, int i) => Math.Max(
        means[i] - (i > 0 ? means[i - 1] : low),
        (i + 1 < means.Length ? means[i + 1] : high) - means[i]);

    private static double Cdf((double Mean, double Deviation, double Mass) component, double value) =>
        0.5 * SpecialFunctions.Erfc((component.Mean - value) / (component.Deviation * Math.Sqrt(2)));

    private double Scale(double value) => dimension.IsLog ? Math.Log(value) : value;
}
