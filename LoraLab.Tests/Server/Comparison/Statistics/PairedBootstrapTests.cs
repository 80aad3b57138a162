using LoraLab.Server.Comparison.Statistics;
using Xunit;

namespace LoraLab.Tests.Server.Comparison.Statistics;

public sealed class PairedBootstrapTests
{
    [Fact]
    public void Compare_ConstantDifference_HasNoSpreadAndTheSmallestP()
    {
        double[] losses = [.. Enumerable.Range(0, 50).Select(row => 1.0 + (row % 7))];
        double[] tokens = [.. Enumerable.Repeat(1.0, 50)];

        double[][] draws = PairedBootstrap.Draw([losses, [.. losses.Select(loss => loss - 0.25)]], tokens);
        (double low, double high, double p) = PairedBootstrap.Compare(draws[0], draws[1]);

        Assert.Equal((0.25, 0.25), (low, high), (a, b) => Math.Abs(a.Item1 - b.Item1) < 1e-9 && Math.Abs(a.Item2 - b.Item2) < 1e-9);
        Assert.Equal(2.0 / (PairedBootstrap.Resamples + 1), p, 1e-12);
    }

    // The mean of n differences has the standard error s/√n; 1.96 of them on each side are the normal interval.
    [Fact]
    public void Compare_ManyRows_AgreesWithTheNormalInterval()
    {
        const int Rows = 400;
        double[] differences = [.. Enumerable.Range(0, Rows).Select(row => Math.Sin(row * 12.9898) + 0.08)];
        double mean = differences.Average();
        double error = Math.Sqrt(differences.Sum(value => (value - mean) * (value - mean)) / (Rows - 1) / Rows);

        double[][] draws = PairedBootstrap.Draw([differences, new double[Rows]], [.. Enumerable.Repeat(1.0, Rows)]);
        (double low, double high, double p) = PairedBootstrap.Compare(draws[0], draws[1]);

        Assert.Equal(mean - (1.96 * error), low, error / 10);
        Assert.Equal(mean + (1.96 * error), high, error / 10);
        Assert.Equal(2 * NormalTail(mean / error), p, 0.02);
        Assert.Equal(draws[0], PairedBootstrap.Draw([differences], [.. Enumerable.Repeat(1.0, Rows)])[0]);
    }

    [Fact]
    public void Compare_SameSeries_HasP1()
    {
        double[][] draws = PairedBootstrap.Draw([[1, 2, 3], [1, 2, 3]], [1, 1, 1]);

        Assert.Equal((0, 0, 1), PairedBootstrap.Compare(draws[0], draws[1]));
    }

    /// <summary>Upper tail of the normal distribution (Abramowitz and Stegun, 26.2.17).</summary>
    private static double NormalTail(double z)
    {
        double t = 1 / (1 + (0.2316419 * z));
        double series = t * (0.319381530 + (t * (-0.356563782 + (t * (1.781477937 + (t * (-1.821255978 + (t * 1.330274429))))))));
        return Math.Exp(-z * z / 2) / Math.Sqrt(2 * Math.PI) * series;
    }
}
