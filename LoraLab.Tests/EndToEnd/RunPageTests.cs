using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace LoraLab.Tests.EndToEnd;

/// <summary>A run started in the page and watched there.</summary>
[Collection(nameof(Dashboard))]
public sealed class RunPageTests(Dashboard dashboard)
{
    [Fact]
    public async Task NewRun_QueuedInThePage_CurveGrowsWithoutAReloadAndSurvivesOne()
    {
        IPage page = await dashboard.OpenAsync("/runs/new");
        await page.GetByTestId("method-lora-plus").ClickAsync();
        await page.GetByTestId("field-rank").FillAsync("4");
        await page.GetByTestId("field-trainSamples").FillAsync("64");
        // Far more epochs than the test waits for: the run is still going on when the page is looked at.
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
            await page.CloseAsync();
        }
        finally
        {
            // Whatever happened, the run does not stand in the way of the other tests.
            using HttpResponseMessage stopped = await dashboard.Server.Http.PostAsync($"/api/v1/runs/{id}/cancel", null);
            await dashboard.Api.WaitForEndAsync(id);
        }
    }

    [Fact]
    public async Task Run_Completed_ShowsWhatTheServerStored()
    {
        RunDocument submitted = await dashboard.Api.SubmitAsync(MicroSpec.For("lora").ToJsonString());
        IPage page = await dashboard.OpenAsync($"/runs/{submitted.Id}");
        RunDocument run = await dashboard.Api.WaitForEndAsync(submitted.Id);

        await Expect(page.GetByTestId("state-badge").First).ToHaveAttributeAsync("data-state", "completed");
        await Expect(page.GetByTestId("stat-accuracy")).ToContainTextAsync($"{run.Summary.Correct}/{run.Summary.EvalRows}");
        await Expect(page.GetByTestId("adapter")).ToBeVisibleAsync();

        RunFingerprint fingerprint = await dashboard.Api.ReadAsync<RunFingerprint>(ApiRoutes.Run(run.Id, "fingerprint"));
        Assert.Equal((run.Summary.TrainTokens, MicroSpec.Steps), (fingerprint.Training.ConsumedTokens, fingerprint.Training.Steps));
        await page.GetByTestId("tab-fingerprint").ClickAsync();
        await Expect(page.GetByTestId("fingerprint")).ToContainTextAsync(fingerprint.Adapter.FinalSha256![..12]);

        await page.GetByTestId("tab-predictions").ClickAsync();
        PredictionSet predictions = await dashboard.Api.ReadAsync<PredictionSet>($"/api/v1/runs/{run.Id}/predictions?step=last");
        int right = predictions.Items.Count(row => row.Label == 0 && row.Predicted == 0);
        await Expect(page.GetByTestId("confusion").Locator("td.right b").First).ToHaveTextAsync($"{right}");

        await page.GetByTestId("tab-logs").ClickAsync();
        await Expect(page.GetByTestId("log")).ToContainTextAsync("step 0: accuracy");
        Assert.Contains("tab=logs", page.Url, StringComparison.Ordinal);
        await page.CloseAsync();
    }

    [Fact]
    public async Task Run_RenamedAndDeletedInTheTable_IsSoOnTheServer()
    {
        RunDocument submitted = await dashboard.Api.SubmitAsync(MicroSpec.For("lora-xs").ToJsonString());
        await dashboard.Api.WaitForEndAsync(submitted.Id);
        IPage page = await dashboard.OpenAsync($"/runs?q={submitted.Id}");
        ILocator row = page.Locator($"tr[data-run='{submitted.Id}']");

        await row.HoverAsync();
        await row.GetByTestId("rename").ClickAsync();
        await row.GetByTestId("rename-input").FillAsync("a better name");
        await row.GetByTestId("rename-input").PressAsync("Enter");
        await Expect(row).ToContainTextAsync("a better name");
        Assert.Equal("a better name", (await dashboard.Api.GetAsync(submitted.Id)).Name);

        await row.GetByTestId("select-run").CheckAsync();
        await page.GetByTestId("selection-bar").GetByText("Delete").ClickAsync();
        await page.GetByTestId("confirm").ClickAsync();
        await Expect(row).ToHaveCountAsync(0);
        using HttpResponseMessage gone = await dashboard.Server.Http.GetAsync($"/api/v1/runs/{submitted.Id}");
        Assert.Equal(System.Net.HttpStatusCode.NotFound, gone.StatusCode);
        await page.CloseAsync();
    }

    /// <summary>Sees the curve grow, reloads, and sees it whole and growing again.</summary>
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
