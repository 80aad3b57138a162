using LoraLab.Contracts;
using Xunit;

namespace LoraLab.Tests;

/// <summary>One format for a figure wherever it stands.</summary>
public sealed class NumberFormatTests
{
    [Theory]
    [InlineData(0.9461, "94.61%", "94.6%")]
    [InlineData(1, "100.00%", "100.0%")]
    [InlineData(-0.000001, "0.00%", "0.0%")]
    [InlineData(-0.5, "−50.00%", "−50.0%")]
    public void Percent_OfAShare_HasTwoDecimalsAndShareOne(double share, string percent, string shorter)
    {
        Assert.Equal(percent, NumberFormat.Percent(share));
        Assert.Equal(shorter, NumberFormat.Share(share));
        Assert.Equal(percent, NumberFormat.PercentFigure(share) + "%");
    }

    [Fact]
    public void Intervals_AndDifferences_AreInPercentWithTheirSigns()
    {
        Assert.Equal("[92.9, 95.9]", NumberFormat.Interval(0.929, 0.959));
        Assert.Equal("86.0 ± 4.2%", NumberFormat.MeanAndDeviation(0.86, 0.0418));
        Assert.Equal(["+0.50", "−1.20", "0.00"], [NumberFormat.Points(0.005), NumberFormat.Points(-0.012), NumberFormat.Points(-0.00001)]);
        Assert.Equal("[−1.20, +0.50]", NumberFormat.PointsInterval(-0.012, 0.005));
        Assert.Equal(["26%", "0%"], [NumberFormat.PercentOf(105, 405), NumberFormat.PercentOf(0, 0)]);
        Assert.Equal(["0.031", "< 0.001", "1.000"], [NumberFormat.PValue(0.0311), NumberFormat.PValue(0.0009), NumberFormat.PValue(1)]);
        Assert.Equal(["p = 0.031", "p < 0.001"], [NumberFormat.PStatement(0.0311), NumberFormat.PStatement(0.0009)]);
        Assert.Equal(
            ["2.75", "−0.43", "0.00"],
            [NumberFormat.TestStatistic(2.747), NumberFormat.TestStatistic(-0.432), NumberFormat.TestStatistic(-0.001)]);
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(0.693147, "0.6931")]
    [InlineData(-0.693147, "−0.6931")]
    [InlineData(0.0012345, "0.001235")]
    [InlineData(0.012345, "0.01235")]
    [InlineData(12.345, "12.35")]
    [InlineData(999.96, "1,000")]
    [InlineData(22528.4, "22,528")]
    [InlineData(0.000015, "1.5e-5")]
    [InlineData(12345678, "1.235e7")]
    [InlineData(double.NaN, "NaN")]
    [InlineData(double.NegativeInfinity, "-Infinity")]
    public void Number_OfAnySize_HasFourSignificantDigits(double value, string expected) =>
        Assert.Equal(expected, NumberFormat.Number(value));

    [Theory]
    [InlineData(2e-4, "2e-4")]
    [InlineData(0.05, "0.05")]
    [InlineData(16, "16")]
    [InlineData(20000, "20000")]
    [InlineData(0, "0")]
    public void Setting_OfAHyperparameter_HasAnExponentBelowOneHundredth(double value, string expected) =>
        Assert.Equal(expected, NumberFormat.Setting(value));

    [Theory]
    [InlineData(0, "0.0 s")]
    [InlineData(48.24, "48.2 s")]
    [InlineData(59.97, "1 min 00 s")]
    [InlineData(725, "12 min 05 s")]
    [InlineData(3599.7, "1 h 00 min")]
    [InlineData(4320, "1 h 12 min")]
    [InlineData(7199, "2 h 00 min")]
    public void Duration_OfSeconds_HasTheUnitsThatFit(double seconds, string expected) =>
        Assert.Equal(expected, NumberFormat.Duration(seconds));

    [Theory]
    [InlineData(0, "0 MiB")]
    [InlineData(0.03, "< 0.1 MiB")]
    [InlineData(3.44, "3.4 MiB")]
    [InlineData(5, "5.0 MiB")]
    [InlineData(940.2, "940 MiB")]
    [InlineData(1023.7, "1.00 GiB")]
    [InlineData(7936, "7.75 GiB")]
    public void Memory_OfMebibytes_HasTheUnitThatFits(double mebibytes, string expected) =>
        Assert.Equal(expected, NumberFormat.Memory(mebibytes));

    [Fact]
    public void Bytes_HaveTheUnitThatFits()
    {
        Assert.Equal(
            ["512 B", "12.3 KiB", "940 MiB", "2.05 GiB"],
            [NumberFormat.Bytes(512), NumberFormat.Bytes(12_595), NumberFormat.Bytes(940L << 20), NumberFormat.Bytes(2100L << 20)]);
        Assert.Equal("8,192 MiB", NumberFormat.Mebibytes(8192));
    }

    [Fact]
    public void Counts_HaveThousandsSeparators_AndLargeOnesASuffix()
    {
        Assert.Equal(
            ["22,528", "1 run", "1,250 runs"], [NumberFormat.Count(22_528), NumberFormat.Count(1, "run"), NumberFormat.Count(1250, "run")]);
        Assert.Equal(
            ["999", "260k", "1M", "4.21M", "1.1B"],
            [.. new long[] { 999, 260_000, 999_960, 4_210_000, 1_100_048_384 }.Select(NumberFormat.Rounded)]);
        Assert.Equal("step 450/1,250 (36%)", NumberFormat.Progress(450, 1250));
    }
}
