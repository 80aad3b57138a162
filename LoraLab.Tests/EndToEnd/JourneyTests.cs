using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace LoraLab.Tests.EndToEnd;

/// <summary>From a form to a result and its export, as a new user goes through the pages.</summary>
[Collection(nameof(RealDashboard))]
public sealed class JourneyTests(RealDashboard dashboard)
{
    private const string Tag = "journey";

    [Fact]
    [Trait("Category", "Long")]
    public async Task FiveSeeds_LaunchedReadTriedComparedAndExported()
    {
        JsonObject spec = new()
        {
            ["tags"] = new JsonArray(Tag),
            ["trainSamples"] = 32,
            ["effectiveBatch"] = 8,
            ["evalEvery"] = 2,
            ["evalSamples"] = 40,
        };
        IPage page = await dashboard.OpenAsync($"/runs/new?seeds=1,2,3,4,5&set={Uri.EscapeDataString(spec.ToJsonString())}");
        await page.GetByTestId("queue-run").ClickAsync();
        await Dashboard.ArriveAsync(page, "^/runs$");

        RunList launched = await dashboard.Api.ReadAsync<RunList>($"/api/v1/runs?tag={Tag}&limit=100");
        Assert.Equal(5, launched.Items.Count);
        // As the queue takes them, so that each has the time of one run.
        foreach (RunDocument run in launched.Items.OrderBy(run => run.Id, StringComparer.Ordinal))
        {
            await dashboard.Api.WaitForEndAsync(run.Id, Dashboard.RunTimeout);
        }

        await Dashboard.FollowAsync(page, $"/runs?tag={Tag}&state=completed");
        RunList completed = await dashboard.Api.ReadAsync<RunList>($"/api/v1/runs?tag={Tag}&state=completed&limit=100");
        await Expect(page.GetByTestId("run-row")).ToHaveCountAsync(completed.Items.Count);

        RunDocument read = completed.Items.First(run => run.Spec.Method == "lora");
        await FindMisreadSentenceAsync(page, read);
        await TrySentenceAsync(page);
        await CompareAndExportAsync(page, completed);
        await dashboard.GiveBackAsync(page);
    }

    private static async Task FindMisreadSentenceAsync(IPage page, RunDocument run)
    {
        await page.Locator($"tr[data-run='{run.Id}']").GetByRole(AriaRole.Link, new() { Name = run.Name, Exact = true }).ClickAsync();
        await page.GetByTestId("tab-predictions").ClickAsync();
        await page.GetByTestId("show-wrong").ClickAsync();
        ILocator rows = page.GetByTestId("prediction-row");
        await rows.First.WaitForAsync();
        await rows.First.GetByTestId("row-details").ClickAsync();
        await Expect(page.GetByTestId("prediction-detail")).ToContainTextAsync("Sentiment");
    }

    private static async Task TrySentenceAsync(IPage page)
    {
        await page.GetByTestId("try-it").ClickAsync();
        await page.GetByTestId("play-cell").FillAsync("a film that is never dull");
        await page.GetByTestId("play-ask").ClickAsync();
        await Expect(page.GetByTestId("answered-input")).ToContainTextAsync("a film that is never dull");
        await Expect(page.GetByTestId("answer")).Not.ToHaveCountAsync(0);
    }

    private static async Task CompareAndExportAsync(IPage page, RunList runs)
    {
        await Dashboard.FollowAsync(page, $"/compare?runs={string.Join(',', runs.Items.Take(5).Select(run => run.Id))}");
        await Expect(page.GetByTestId("verdict")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Export" }).ClickAsync();
        IDownload download = await page.RunAndWaitForDownloadAsync(
            () => page.GetByRole(AriaRole.Menuitem, new() { Name = "Runs (CSV)" }).ClickAsync());
        string csv = await File.ReadAllTextAsync(await download.PathAsync());
        Assert.All(runs.Items.Take(5), run => Assert.Contains(run.Id, csv, StringComparison.Ordinal));
    }
}
