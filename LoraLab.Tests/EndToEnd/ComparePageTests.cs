using System.Text.Json.Nodes;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace LoraLab.Tests.EndToEnd;

/// <summary>Five methods queued together and compared.</summary>
[Collection(nameof(ScriptedDashboard))]
public sealed class ComparePageTests(ScriptedDashboard dashboard)
{
    // Two evaluations after the one at step 0.
    private const int Steps = 4;

    [Fact]
    public async Task Compare_AllMethodsQueuedInThePage_FiveCurvesAndFiveRows()
    {
        JsonObject spec = new()
        {
            ["model"] = "sample",
            ["dataset"] = "sample",
            ["tags"] = new JsonArray("five"),
            ["evalEvery"] = 2,
            ["notes"] = $"bowl steps={Steps} rows=32 delay=200",
        };
        IPage page = await dashboard.OpenAsync($"/runs/new?methods=all&set={Uri.EscapeDataString(spec.ToJsonString())}");
        await Expect(page.GetByTestId("queue-run")).ToHaveTextAsync("Queue 5 runs");
        await page.GetByTestId("queue-run").ClickAsync();
        await Dashboard.ArriveAsync(page, "^/runs$");

        RunList five = await dashboard.Api.ReadAsync<RunList>("/api/v1/runs?tag=five");
        Assert.Equal(5, five.Items.Select(run => run.Spec.Method).Distinct().Count());
        await Dashboard.FollowAsync(page, "/runs?tag=five");
        await Expect(page.GetByTestId("run-row")).ToHaveCountAsync(5);
        await page.GetByLabel("Select all runs shown").CheckAsync();
        await page.GetByTestId("compare-selected").ClickAsync();
        await page.EvaluateAsync("window.notReloaded = true");

        // Some of the five are still queued: their curves are added live.
        foreach (RunDocument run in five.Items)
        {
            RunDocument ended = await dashboard.Api.WaitForEndAsync(run.Id, Dashboard.RunTimeout);
            Assert.Equal(RunState.Completed, ended.State);
        }

        foreach (RunDocument run in five.Items)
        {
            Assert.Equal([0, Steps / 2, Steps], (await dashboard.Api.MetricsAsync(run.Id)).Series[MetricKeys.EvalAccuracy].X);
        }

        ChartProbe accuracy = new(page, MetricKeys.EvalAccuracy);
        await accuracy.WaitForMoreThanAsync((5 * 3) - 1);
        Assert.Equal(5, await accuracy.SeriesAsync());
        Assert.Equal(5, (await accuracy.PathsAsync())
            .Count(path => path.Contains('L', StringComparison.Ordinal) || path.Contains('C', StringComparison.Ordinal)));
        ChartProbe loss = new(page, MetricKeys.TrainLoss);
        await loss.WaitForMoreThanAsync((5 * Steps) - 1);
        Assert.Equal(5, await loss.SeriesAsync());
        await Expect(page.GetByTestId("compare-row")).ToHaveCountAsync(5);
        await Expect(page.GetByTestId("compare-differences")).ToContainTextAsync("method");
        Assert.True(await page.EvaluateAsync<bool>("window.notReloaded === true"), "The page was reloaded.");
        await dashboard.GiveBackAsync(page);
    }
}
