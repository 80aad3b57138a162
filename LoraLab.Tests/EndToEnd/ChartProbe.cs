using System.Diagnostics;
using System.Globalization;
using Microsoft.Playwright;
using Xunit;

namespace LoraLab.Tests.EndToEnd;

/// <summary>Reads a chart drawn on a page.</summary>
internal sealed class ChartProbe(IPage page, string metric)
{
    private ILocator Plot => page.Locator($"[data-metric='{metric}'] [data-testid=chart-plot]");

    /// <summary>The number of points that the drawn chart represents; 0 before it is drawn.</summary>
    public Task<int> PointsAsync() => CountAsync("data-point-count");

    /// <summary>The number of runs in the drawn chart.</summary>
    public Task<int> SeriesAsync() => CountAsync("data-series-count");

    /// <summary>The SVG paths of the lines.</summary>
    public async Task<IReadOnlyList<string>> PathsAsync() =>
        await Plot.Locator("path.apexcharts-line").EvaluateAllAsync<string[]>("paths => paths.map(path => path.getAttribute('d'))");

    /// <summary>Waits until the chart has more than the given number of points and returns their number.</summary>
    public async Task<int> WaitForMoreThanAsync(int points)
    {
        Stopwatch waited = Stopwatch.StartNew();
        await Plot.ScrollIntoViewIfNeededAsync();
        while (true)
        {
            int now = await PointsAsync();
            if (now > points)
            {
                return now;
            }

            Assert.True(
                waited.ElapsedMilliseconds < Dashboard.TimeoutMs, $"The chart of {metric} has {now} points, not more than {points}.");
            await Task.Delay(100);
        }
    }

    private async Task<int> CountAsync(string attribute) =>
        await Plot.CountAsync() > 0 && await Plot.First.GetAttributeAsync(attribute) is string text
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : 0;
}
