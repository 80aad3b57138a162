using LoraLab.Contracts.Metrics;
using LoraLab.Web.Charts;
using Xunit;

namespace LoraLab.Tests.Web.Charts;

public sealed class ChartBuilderTests
{
    private static readonly MetricSeries s_withHole = new()
    {
        X = [1, 2, 3, 4],
        Y = [10, null, 0.1, -1],
        NonFinite = [new(1, 2, "NaN")],
    };

    [Fact]
    public void Plan_NonFinitePoint_BreaksTheLineAndIsMarked()
    {
        ChartDrawing plan = Plan(s_withHole, new ChartView());

        Assert.Equal([10, null, 0.1, -1], Assert.Single(plan.Lines).Y);
        Assert.Equal(new ChartMark(2, "NaN", "run", "#123456"), Assert.Single(plan.Marks));
        Assert.Equal((1, 4), (plan.SeriesCount, plan.PointCount));
    }

    [Fact]
    public void Plan_LogarithmicAxis_HidesAndCountsWhatIsNotPositive()
    {
        ChartDrawing plan = Plan(s_withHole, new ChartView(LogY: true));

        double?[] y = [.. Assert.Single(plan.Lines).Y];
        Assert.Equal(1, y[0]!.Value, 12);
        Assert.Equal(-1, y[2]!.Value, 12);
        Assert.Null(y[3]);
        Assert.Equal(1, plan.NotPositive);
    }

    [Fact]
    public void Plan_Smoothed_DrawsTheRawValuesFaintBehindIt()
    {
        ChartDrawing plan = Plan(new MetricSeries { X = [1, 2], Y = [0, 1] }, new ChartView(Smoothing: 0.5));

        Assert.Equal([true, false], plan.Lines.Select(line => line.Faint));
        Assert.Equal([0, 1], plan.Lines[0].Y);
        // (0.5·0 + 1) / (0.5 + 1)
        Assert.Equal(2.0 / 3, plan.Lines[1].Y[1]!.Value, 12);
    }

    [Fact]
    public void Plan_Window_EndsAtItsTicksAndTakesHeightsFromWithin()
    {
        MetricSeries series = new() { X = [.. Enumerable.Range(0, 1001)], Y = [.. Enumerable.Range(0, 1001).Select(x => (double?)x)] };

        ChartDrawing plan = Plan(series, new ChartView(XMin: 100, XMax: 200));

        Assert.Equal((100, 200), (plan.X.Min, plan.X.Max));
        Assert.Equal((100, 200), (plan.Y.Min, plan.Y.Max));
        Assert.Equal((99, 201), (plan.Lines[0].X[0], plan.Lines[0].X[^1]));
    }

    [Fact]
    public void Plan_LongCurve_KeepsFirstLastHighestAndLowest()
    {
        const int Count = 50_000;
        double?[] y = [.. Enumerable.Range(0, Count).Select(x => (double?)Math.Sin(x / 40.0))];
        (y[12_345], y[33_333]) = (7, -7);

        ChartDrawing plan = Plan(new MetricSeries { X = [.. Enumerable.Range(0, Count)], Y = y }, new ChartView());

        ChartLine line = Assert.Single(plan.Lines);
        Assert.True(plan.Thinned);
        Assert.Equal(Count, plan.PointCount);
        Assert.InRange(line.X.Count, 500, 4000);
        Assert.Equal((0, Count - 1), (line.X[0], line.X[^1]));
        Assert.Equal((7, -7), (line.Y.Max(), line.Y.Min()));
        Assert.Equal(line.X.Order(), line.X);
    }

    [Fact]
    public void Plan_Share_AxisStaysWithinOne()
    {
        ChartDrawing plan = ChartBuilder.Plan(
            [new ChartSeries("a", "run", "#123456", new MetricSeries { X = [0, 50], Y = [0.5, 0.997] })], new ChartView(), ChartFormat.Percent, lowerIsBetter: false);

        Assert.Equal(1, plan.Y.Max, 12);
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

    private static ChartDrawing Plan(MetricSeries series, ChartView view) =>
        ChartBuilder.Plan([new ChartSeries("a", "run", "#123456", series)], view, ChartFormat.Number, lowerIsBetter: false);
}
