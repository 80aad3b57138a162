using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace LoraLab.Tests.EndToEnd;

/// <summary>The page of an ended run, and actions on one in the run table.</summary>
[Collection(nameof(ScriptedDashboard))]
public sealed class RunPageTests(ScriptedDashboard dashboard)
{
    [Fact]
    public async Task Run_Completed_ShowsTheStoredResults()
    {
        RunDocument submitted =
            await dashboard.Api.SubmitAsync("""{"notes": "steps=10 delay=100 rows=32 fingerprint say", "name": "written to the log"}""");
        IPage page = await dashboard.OpenAsync($"/runs/{submitted.Id}");
        RunDocument run = await dashboard.Api.WaitForEndAsync(submitted.Id);

        await Expect(page.GetByTestId("state-badge").First).ToHaveAttributeAsync("data-state", "completed");
        await Expect(page.GetByTestId("stat-accuracy")).ToContainTextAsync($"{run.Summary.Correct}/{run.Summary.EvalRows}");
        await Expect(page.GetByTestId("adapter")).ToBeVisibleAsync();
        await Expect(page).ToHaveTitleAsync($"{run.Name} · LoraLab");

        RunFingerprint fingerprint = await dashboard.Api.ReadAsync<RunFingerprint>(ApiRoutes.Run(run.Id, "fingerprint"));
        Assert.Equal((run.Summary.TrainTokens, 10), (fingerprint.Training.ConsumedTokens, fingerprint.Training.Steps));
        await page.GetByTestId("tab-fingerprint").ClickAsync();
        await Expect(page.GetByTestId("fingerprint")).ToContainTextAsync(fingerprint.Adapter.FinalSha256![..12]);

        await page.GetByTestId("tab-predictions").ClickAsync();
        PredictionSet predictions = await dashboard.Api.ReadAsync<PredictionSet>($"/api/v1/runs/{run.Id}/predictions?step=last");
        int right = predictions.Items.Count(row => row.Label == 0 && row.Predicted == 0);
        await Expect(page.GetByTestId("confusion").Locator("td.right b").First).ToHaveTextAsync($"{right}");

        await page.GetByTestId("tab-logs").ClickAsync();
        await Expect(page.GetByTestId("log")).ToContainTextAsync("written to the log");
        Assert.Contains("tab=logs", page.Url, StringComparison.Ordinal);
        await dashboard.GiveBackAsync(page);
    }

    [Fact]
    public async Task Run_RenamedAndDeletedInTheTable_ChangesOnTheServer()
    {
        RunDocument submitted = await dashboard.Api.SubmitAsync("""{"method": "lora-xs", "notes": "steps=1"}""");
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
        await dashboard.GiveBackAsync(page);
    }
}
