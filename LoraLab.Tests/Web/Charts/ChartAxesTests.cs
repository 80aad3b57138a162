using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Web.Charts;
using Xunit;

namespace LoraLab.Tests.Web.Charts;

/// <summary>What charts are drawn over, up to and in which colors: tokens and time, logarithmic ticks, windows, means.</summary>
public sealed class ChartAxesTests
{
    private static readonly MetricSeries _pace = new() { X = [1, 2, 3, 4], Y = [100, 100, 50, null] };
    private static readonly RunSummary _summary = new() { TrainTokens = 4000, TrainSeconds = 16 };

    [Fact]
    public void At_Tokens_AreTheMeanOfAllSteps()
    {
        StepScale scale = StepScale.Of(ChartXAxis.Tokens, _pace, 4, _summary)!;

        Assert.Equal([0, 1000, 3000, 4000, 5000], new[] { 0, 1, 3, 4, 5 }.Select(scale.At));
    }

    [Fact]
    public void At_Seconds_FollowThePaceAndEndAtTheTrainingTime()
    {
        StepScale scale = StepScale.Of(ChartXAxis.Seconds, _pace, 4, _summary)!;

        // Shares 1, 1, 2 and, of the step without a pace, the mean of these, 4/3: 16 s for 16/3 shares.
        Assert.Equal([3, 6, 12, 16], new[] { 1, 2, 3, 4 }.Select(step => Math.Round(scale.At(step), 9)));
    }

    [Fact]
    public void At_NoPace_AllStepsTakeEquallyLong()
    {
        StepScale scale = StepScale.Of(ChartXAxis.Seconds, new MetricSeries(), 8, _summary)!;

        Assert.Equal([2, 8, 16], new[] { 1, 4, 8 }.Select(scale.At));
    }

    [Fact]
    public void Of_NothingRecorded_HasNoScale()
    {
        Assert.Null(StepScale.Of(ChartXAxis.Tokens, _pace, 4, new RunSummary()));
        Assert.Null(StepScale.Of(ChartXAxis.Seconds, new MetricSeries(), 0, _summary));
        Assert.Null(StepScale.Of(ChartXAxis.Steps, _pace, 4, _summary));
    }

    [Fact]
    public void Build_OverTokens_DrawsAtTheTokensAndMarksThere()
    {
        MetricSeries loss = new() { X = [1, 2, 3, 4], Y = [4, null, 2, 1], NonFinite = [new(1, 2, "NaN")] };
        ChartSeries curve = Curve(loss) with { Position = StepScale.Of(ChartXAxis.Tokens, _pace, 4, _summary) };

        ChartDrawing drawing = Build(curve);

        Assert.Equal([1000.0, 2000.0, 3000.0, 4000.0], drawing.Lines.Single().X);
        Assert.Equal(2000, drawing.Marks.Single().X);
        Assert.Equal((0, 4000), (drawing.X.Min, drawing.X.Max));
    }

    [Theory]
    [InlineData(0.2, 30, new[] { 0.2, 0.5, 1, 2, 5, 10, 20 })]
    [InlineData(1e-6, 1, new[] { 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1 })]
    [InlineData(2.2, 4.5, new[] { 2.0, 5 })]
    [InlineData(3, 3, new[] { 2.0, 5 })]
    public void Build_LogarithmicAxis_HasTicksAtOneTwoAndFive(double low, double high, double[] ticks)
    {
        ChartDrawing drawing = Build(Curve(new MetricSeries { X = [1, 2], Y = [low, high] }), new ChartView(LogY: true));

        Assert.Equal(ticks, drawing.YTicks.Select(tick => Math.Round(Math.Pow(10, tick), 9)));
        Assert.InRange(Math.Log10(low), drawing.Y.Min, drawing.Y.Max);
        Assert.InRange(Math.Log10(high), drawing.Y.Min, drawing.Y.Max);
        Assert.All(drawing.YTicks, tick => Assert.InRange(tick, drawing.Y.Min - 1e-9, drawing.Y.Max + 1e-9));
    }

    [Fact]
    public void Build_Window_HoldsLinesThatEnterItFromOutside()
    {
        // Within the window there is one point; the line comes from 100 and goes to 0.
        ChartDrawing drawing = Build(Curve(new MetricSeries { X = [0, 10, 20], Y = [100, 50, 0] }), new ChartView(XMin: 5, XMax: 15));

        Assert.InRange(75, drawing.Y.Min, drawing.Y.Max);
        Assert.InRange(25, drawing.Y.Min, drawing.Y.Max);
    }

    [Fact]
    public void MeanCurve_OfSeeds_HasDeviationAtCommonSteps()
    {
        ChartSeries mean = MeanCurve.Of("g1", "lora", [
            Curve(new MetricSeries { X = [0, 50, 100], Y = [0.5, 0.8, 0.9] }),
            Curve(new MetricSeries { X = [0, 50], Y = [0.5, 0.6] }),
        ]);
        ChartDrawing drawing = Build(mean);

        Assert.Equal("lora, mean of 2 ± SD", drawing.Lines.Single().Name);
        Assert.Equal([0, 50], mean.Data.X);
        Assert.Equal(0.7, mean.Data.Y[1]!.Value, 12);
        ChartBand band = Assert.Single(drawing.Bands);
        Assert.Equal(0.7 - Math.Sqrt(0.02), band.Low[1], 12);
        Assert.Equal(0.7 + Math.Sqrt(0.02), band.High[1], 12);
        Assert.InRange(band.High[1], drawing.Y.Min, drawing.Y.Max);
    }

    [Theory]
    [InlineData("#123456")]
    [InlineData("#ffff00")]
    [InlineData("#2a78d6")]
    public void Build_ColorOfAnEarlierVersion_StandsOutInBothThemes(string stored)
    {
        string drawn = Build(Curve(new MetricSeries { X = [1], Y = [1] }) with { Color = stored }).Lines.Single().Color;

        Assert.InRange(ColorContrast.Ratio(drawn, ColorContrast.LightSurface), ColorContrast.Graphics, 21);
        Assert.InRange(ColorContrast.Ratio(drawn, ColorContrast.DarkSurface), ColorContrast.Graphics, 21);
    }

    private static ChartSeries Curve(MetricSeries series) => new("a", "run", "#2a78d6", series);

    private static ChartDrawing Build(ChartSeries curve, ChartView? view = null) =>
        ChartBuilder.Build([curve], view ?? new ChartView(), MetricFormat.Number, lowerIsBetter: false);
}
