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

    private readonly Dimension _dimension;
    private readonly double _low;
    private readonly double _high;
    private readonly (double Mean, double Deviation, double Mass)[] _components;

    public RangeEstimator(Dimension dimension, IReadOnlyList<double> observed)
    {
        _dimension = dimension;
        double margin = dimension.Range == SweepRange.Integer ? 0.5 : 0;
        (_low, _high) = (Scale(dimension.Low - margin), Scale(dimension.High + margin));
        // A single value has no width; any density will do.
        double width = _high > _low ? _high - _low : 1;
        double middle = (_low + _high) / 2;
        double[] means = [.. observed.Select(Scale).Append(middle).Order()];
        double narrowest = width / Math.Min(MaxResolution, observed.Count + 2);
        int prior = Array.IndexOf(means, middle);
        _components =
            [.. means.Select((mean, i) => Component(mean, i == prior ? width : Math.Clamp(NeighborDistance(means, i), narrowest, width)))];
    }

    public double Draw(SeededRandom random)
    {
        if (_low == _high)
        {
            return _dimension.Low;
        }

        (double mean, double deviation, _) = _components[random.Next(_components.Length)];
        double value;
        do
        {
            value = mean + (deviation * random.NextNormal());
        }
        while (value < _low || value > _high);
        return _dimension.Normalize(_dimension.IsLog ? Math.Exp(value) : value);
    }

    public double LogDensity(double coordinate)
    {
        if (_dimension.Range == SweepRange.Integer)
        {
            return Math.Log(_components.Average(component =>
                (Cdf(component, coordinate + 0.5) - Cdf(component, coordinate - 0.5)) / component.Mass));
        }

        double value = Scale(coordinate);
        return Math.Log(_components.Average(component =>
            Math.Exp(-0.5 * Math.Pow((value - component.Mean) / component.Deviation, 2)) / (component.Deviation * component.Mass)));
    }

    private (double Mean, double Deviation, double Mass) Component(double mean, double deviation)
    {
        (double Mean, double Deviation, double Mass) component = (mean, deviation, 1);
        return component with { Mass = Math.Max(Cdf(component, _high) - Cdf(component, _low), 1e-12) };
    }

    private double NeighborDistance(double[] means, int i) => Math.Max(
        means[i] - (i > 0 ? means[i - 1] : _low),
        (i + 1 < means.Length ? means[i + 1] : _high) - means[i]);

    private static double Cdf((double Mean, double Deviation, double Mass) component, double value) =>
        0.5 * SpecialFunctions.Erfc((component.Mean - value) / (component.Deviation * Math.Sqrt(2)));

    private double Scale(double value) => _dimension.IsLog ? Math.Log(value) : value;
}
