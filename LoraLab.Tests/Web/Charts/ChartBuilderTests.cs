using LoraLab.Contracts.Metrics;
using LoraLab.Web.Charts;
using LoraLab.Web.Components;
using Xunit;

namespace LoraLab.Tests.Web.Charts;

public sealed class ChartBuilderTests
{
    private static readonly MetricSeries _withHole = new()
    {
        X = [1, 2, 3, 4],
        Y = [10, null, 0.1, -1],
        NonFinite = [new(1, 2, "NaN")],
    };

    [Fact]
    public void Build_NonFinitePoint_BreaksTheLineAndIsMarked()
    {
        ChartDrawing drawing = Build(_withHole, new ChartView());

        Assert.Equal([10, null, 0.1, -1], Assert.Single(drawing.Lines).Y);
        Assert.Equal(new ChartMark(2, "NaN", "run", CurveColor.Of("#123456")), Assert.Single(drawing.Marks));
        Assert.Equal((1, 4), (drawing.SeriesCount, drawing.PointCount));
    }

    [Fact]
    public void Build_LogarithmicAxis_HidesAndCountsNonPositivePoints()
    {
        ChartDrawing drawing = Build(_withHole, new ChartView(LogY: true));

        double?[] y = [.. Assert.Single(drawing.Lines).Y];
        Assert.Equal(1, y[0]!.Value, 12);
        Assert.Equal(-1, y[2]!.Value, 12);
        Assert.Null(y[3]);
        Assert.Equal(1, drawing.NotPositive);
    }

    [Fact]
    public void Build_Smoothed_DrawsTheRawValuesFaintBehindIt()
    {
        ChartDrawing drawing = Build(new MetricSeries { X = [1, 2], Y = [0, 1] }, new ChartView(Smoothing: 0.5));

        Assert.Equal([true, false], drawing.Lines.Select(line => line.Faint));
        Assert.Equal([0, 1], drawing.Lines[0].Y);
        // (0.5·0 + 1) / (0.5 + 1)
        Assert.Equal(2.0 / 3, drawing.Lines[1].Y[1]!.Value, 12);
    }

    [Fact]
    public void Build_Window_EndsAtItsTicksAndScalesToTheValuesInside()
    {
        MetricSeries series = new() { X = [.. Enumerable.Range(0, 1001)], Y = [.. Enumerable.Range(0, 1001).Select(x => (double?)x)] };

        ChartDrawing drawing = Build(series, new ChartView(XMin: 100, XMax: 200));

        Assert.Equal((100, 200), (drawing.X.Min, drawing.X.Max));
        Assert.Equal((100, 200), (drawing.Y.Min, drawing.Y.Max));
        Assert.Equal((99, 201), (drawing.Lines[0].X[0], drawing.Lines[0].X[^1]));
    }

    [Fact]
    public void Build_LongCurve_KeepsFirstLastHighestAndLowest()
    {
        const int Count = 50_000;
        double?[] y = [.. Enumerable.Range(0, Count).Select(x => (double?)Math.Sin(x / 40.0))];
        (y[12_345], y[33_333]) = (7, -7);

        ChartDrawing drawing = Build(new MetricSeries { X = [.. Enumerable.Range(0, Count)], Y = y }, new ChartView());

        ChartLine line = Assert.Single(drawing.Lines);
        Assert.True(drawing.Thinned);
        Assert.Equal(Count, drawing.PointCount);
        Assert.InRange(line.X.Count, 500, 4000);
        Assert.Equal((0, Count - 1), (line.X[0], line.X[^1]));
        Assert.Equal((7, -7), (line.Y.Max(), line.Y.Min()));
        Assert.Equal(line.X.Order(), line.X);
    }

    [Fact]
    public void Build_Share_AxisStaysWithinOne()
    {
        ChartDrawing drawing = ChartBuilder.Build(
            [new ChartSeries("a", "run", "#123456", new MetricSeries { X = [0, 50], Y = [0.5, 0.997] })], new ChartView(),
            MetricFormat.Share, lowerIsBetter: false);

        Assert.Equal(1, drawing.Y.Max, 12);
    }

    [Fact]
    public void Build_ValuesThatAreAllZero_HaveAnAxisUpToOne()
    {
        ChartDrawing drawing = Build(new MetricSeries { X = [0, 10], Y = [0, 0] }, new ChartView());

        Assert.Equal((0, 1, 5), (drawing.Y.Min, Math.Round(drawing.Y.Max, 12), drawing.Y.Ticks));
    }

    [Fact]
    public void Build_WithoutStart_FitsTheAxisToWhatWasTrained()
    {
        MetricSeries series = new() { X = [0, 50, 100], Y = [9, 1, 2] };

        Assert.Equal((0, 10), (Build(series, new ChartView()).Y.Min, Build(series, new ChartView()).Y.Max));
        Assert.Equal(
            (1, 2), (Build(series, new ChartView(WithoutStart: true)).Y.Min, Build(series, new ChartView(WithoutStart: true)).Y.Max));
        // Before the first step there is nothing else to fit to.
        Assert.True(Build(new MetricSeries { X = [0], Y = [9] }, new ChartView(WithoutStart: true)).Y.Max > 9);
    }

    [Fact]
    public void Build_RunsOfAMethod_DifferInTheirDashesAndTheFirstIsSolid()
    {
        MetricSeries series = new() { X = [0, 1], Y = [1, 2] };
        ChartDrawing drawing = ChartBuilder.Build(
            [.. Enumerable.Range(0, 5).Select(i => new ChartSeries($"{i}", "run", "#123456", series) { Variant = i })],
            new ChartView(Smoothing: 0.5), MetricFormat.Number, lowerIsBetter: false);

        List<ChartLine> full = [.. drawing.Lines.Where(line => !line.Faint)];
        Assert.Equal((5, 0), (full.Select(line => line.Dash).Distinct().Count(), full[0].Dash));
        Assert.All(drawing.Lines.Where(line => line.Faint), line => Assert.Equal(0, line.Dash));
    }

    [Theory]
    [InlineData(0, 125, 125)]
    [InlineData(0, 1250, 1250)]
    [InlineData(0, 750, 750)]
    [InlineData(0, 63, 70)]
    [InlineData(0, 1, 1)]
    public void XAxis_WholeSteps_EndsCloseBehindTheLast(double min, double max, double end)
    {
        NiceAxis axis = NiceAxis.Tight(min, max, 7);

        Assert.Equal((0, end), (axis.Min, axis.Max));
        double step = (axis.Max - axis.Min) / axis.Ticks;
        Assert.Equal(step, Math.Floor(step));
    }

    private static ChartDrawing Build(MetricSeries series, ChartView view) =>
        ChartBuilder.Build([new ChartSeries("a", "run", "#123456", series)], view, MetricFormat.Number, lowerIsBetter: false);
}
