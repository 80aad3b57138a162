using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace LoraLab.Tests.EndToEnd;

/// <summary>A run that is submitted, trained and watched on the pages.</summary>
[Collection(nameof(RealDashboard))]
public sealed class TrainedRunPageTests(RealDashboard dashboard)
{
    [Fact]
    public async Task NewRun_QueuedOnThePage_CurveGrowsWithoutAReloadAndSurvivesOne()
    {
        IPage page = await dashboard.OpenAsync("/runs/new");
        await page.GetByTestId("method-lora-plus").ClickAsync();
        await page.GetByTestId("field-rank").FillAsync("4");
        await page.GetByTestId("field-trainSamples").FillAsync("64");
        // Far more epochs than the test waits for, so that the run is still in progress when the page is checked.
        await page.Locator("#f-epochs").FillAsync("5000");
        await page.Locator("#f-effectiveBatch").FillAsync("8");
        await page.Locator("#f-evalEvery").FillAsync("4");
        await page.Locator("#f-evalSamples").FillAsync("16");
        await Expect(page.GetByTestId("plan-steps")).ToHaveTextAsync("40,000");
        await page.EvaluateAsync("window.notReloaded = true");
        await page.GetByTestId("queue-run").ClickAsync();
        await Dashboard.ArriveAsync(page, "^/runs/(?!new)[^/?]+$");
        string id = page.Url[(page.Url.LastIndexOf('/') + 1)..];

        try
        {
            await WatchAsync(page);
            await page.GetByTestId("cancel").ClickAsync();
            await Expect(page.GetByTestId("state-badge").First).ToHaveAttributeAsync("data-state", "cancelled");
            RunDocument run = await dashboard.Api.GetAsync(id);
            Assert.Equal(("lora-plus", 4, 5000), (run.Spec.Method, run.Spec.Rank, run.Spec.Epochs));
            await dashboard.GiveBackAsync(page);
        }
        finally
        {
            // Stopped in any case, so that the run does not block other tests.
            using HttpResponseMessage stopped = await dashboard.Server.Http.PostAsync($"/api/v1/runs/{id}/cancel", null);
            await dashboard.Api.WaitForEndAsync(id);
        }
    }

    /// <summary>Waits for the curve to grow, reloads, and waits for it to be complete and growing again.</summary>
    private static async Task WatchAsync(IPage page)
    {
        ChartProbe accuracy = new(page, MetricKeys.EvalAccuracy);
        await accuracy.WaitForMoreThanAsync(1);
        IReadOnlyList<string> drawnFirst = await accuracy.PathsAsync();
        int first = await accuracy.PointsAsync();
        int grown = await accuracy.WaitForMoreThanAsync(first);
        Assert.NotEqual(drawnFirst, await accuracy.PathsAsync());
        Assert.True(await page.EvaluateAsync<bool>("window.notReloaded === true"), "The page was reloaded.");

        await page.ReloadAsync();
        int kept = await accuracy.WaitForMoreThanAsync(0);
        Assert.True(kept >= grown, $"{grown} points before the reload, {kept} after it.");
        await accuracy.WaitForMoreThanAsync(kept);
    }
}
