using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Sweeps;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace LoraLab.Tests.EndToEnd;

/// <summary>A sweep from the form to its heat map, over scripted runs whose results depend on their learning rates.</summary>
[Collection(nameof(ScriptedDashboard))]
public sealed class SweepPageTests(ScriptedDashboard dashboard)
{
    [Fact]
    [Trait("Category", "Long")]
    public async Task Form_SpaceOverTwoFields_PreviewsThenSweepsThenShowsTheHeatMap()
    {
        JsonObject spec =
            new() { ["model"] = "sample", ["dataset"] = "sample", ["method"] = "lora-plus", ["notes"] = "bowl steps=2 rows=32" };
        IPage page = await dashboard.OpenAsync($"/sweeps/new?set={Uri.EscapeDataString(spec.ToJsonString())}");

        // The error is shown under its row, and the sweep cannot be created.
        await page.GetByTestId("space-values-0").FillAsync("0.002, fast");
        await Expect(page.GetByTestId("space-error-0")).ToContainTextAsync("learningRate must be a number, or null; value 2 is \"fast\"");
        await Expect(page.GetByTestId("create-sweep")).ToBeDisabledAsync();
        await page.GetByTestId("space-values-0").FillAsync("0.002, 0.005");
        await page.GetByTestId("add-field").ClickAsync();
        await page.GetByTestId("space-field-1").SelectOptionAsync("learningRateB");
        await page.GetByTestId("space-values-1").FillAsync("0.002, 0.005, 0.02");
        await page.GetByTestId("add-constraint").ClickAsync();
        await page.GetByTestId("constraint-0").FillAsync("learningRateB >= learningRate");

        await Expect(page.GetByTestId("preview-runs")).ToHaveTextAsync("5");
        await Expect(page.GetByTestId("preview-first").Locator("tbody tr")).ToHaveCountAsync(5);
        await Expect(page.GetByTestId("preview-basis")).ToContainTextAsync("sample on sample");
        await page.ReloadAsync();
        await Expect(page.GetByTestId("constraint-0")).ToHaveValueAsync("learningRateB >= learningRate");
        await Expect(page.GetByTestId("preview-runs")).ToHaveTextAsync("5");
        Assert.Empty((await dashboard.Api.ReadAsync<SweepList>(ApiRoutes.Sweeps)).Items);

        await page.GetByTestId("create-sweep").ClickAsync();
        await Dashboard.ArriveAsync(page, "^/sweeps/[0-9a-z]{10}");
        await Expect(page.GetByTestId("sweep-state")).ToHaveAttributeAsync("data-state", "completed");

        SweepDocument sweep = (await dashboard.Api.ReadAsync<SweepList>(ApiRoutes.Sweeps)).Items.Single();
        SweepGrid grid = await dashboard.Api.ReadAsync<SweepGrid>(ApiRoutes.Sweep(sweep.Id, "grid?x=learningRate&y=learningRateB"));
        await Expect(page.GetByTestId("heat-cell")).ToHaveCountAsync(5);
        foreach (SweepCell cell in grid.Cells)
        {
            ILocator shown = page.Locator($"[data-testid='heat-cell'][aria-label='learningRate {grid.X.Labels[cell.X]}, "
                + $"learningRateB {grid.Y.Labels[cell.Y]}: accuracy {cell.Mean * 100:0.0}%']");
            await Expect(shown).ToHaveAttributeAsync("href", $"runs/{cell.Runs[0]}");
        }

        await Expect(page.GetByTestId("parallel-line")).ToHaveCountAsync(5);
        await Expect(page.GetByTestId("trial")).ToHaveCountAsync(5);
        await Expect(page.GetByTestId("importance-sentence")).ToContainTextAsync("5 more are needed");
        await Expect(page.GetByTestId("best-sentence")).ToContainTextAsync("best of 5 on the selection split");
        await page.GetByTestId("heat-x").SelectOptionAsync("learningRateB");
        await Dashboard.ArriveAsync(page, "x=learningRateB&y=learningRate$");
        await page.GotoAsync(new Uri(dashboard.Server.Address, "/sweeps").ToString());
        await Expect(page.GetByTestId("sweep-row")).ToHaveCountAsync(1);
        await Expect(page.GetByTestId("sweep-row")).ToContainTextAsync("5 of 5 ended");
        await dashboard.GiveBackAsync(page);
    }
}
