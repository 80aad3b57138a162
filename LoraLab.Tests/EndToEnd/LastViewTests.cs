using LoraLab.Contracts.Runs;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace LoraLab.Tests.EndToEnd;

/// <summary>What a page looked like when it was last left, shown until it has loaded again.</summary>
[Collection(nameof(ScriptedDashboard))]
public sealed class LastViewTests(ScriptedDashboard dashboard)
{
    private const string Frame = "iframe.lastview";

    /// <summary>The addresses of which a browser keeps a view, with their markup.</summary>
    internal static Task<Dictionary<string, string>> KeptAsync(IPage page) => page.EvaluateAsync<Dictionary<string, string>>(
        """
        () => Object.fromEntries((JSON.parse(localStorage.getItem('loralab.lastview')) ?? [])
          .map(({ address }) => [address, JSON.parse(localStorage.getItem(`loralab.lastview ${address}`)).html]))
        """);

    [Fact]
    [Trait("Category", "Long")]
    public async Task SecondVisit_ShowsTheRowsBeforeTheDashboardStarts_ThenThoseOfTheServer()
    {
        const string Name = "<img src=x onerror=\"document.title='run'\"> & co";
        RunDocument run = await dashboard.Api.SubmitAsync(
            $$"""{"notes": "steps=1", "name": {{System.Text.Json.JsonSerializer.Serialize(Name)}}}""");
        await dashboard.Api.WaitForEndAsync(run.Id);
        string path = $"/runs?q={run.Id}";
        await using IBrowserContext context = await dashboard.NewContextAsync();
        IPage page = await Dashboard.OpenAsync(context, new Uri(dashboard.Server.Address, path));
        await Expect(page.GetByTestId("run-row")).ToHaveCountAsync(1);
        await Expect(page.Locator(Frame)).ToHaveCountAsync(0);
        await page.GetByRole(AriaRole.Searchbox, new() { Name = "Search runs", Exact = true }).FillAsync("typed and not sent");
        await LeaveAsync(page);
        Assert.DoesNotContain("typed and not sent", (await KeptAsync(page))[path], StringComparison.Ordinal);

        TaskCompletionSource start = new();
        await context.RouteAsync("**/*.wasm", async route =>
        {
            await start.Task;
            await route.ContinueAsync();
        });
        await page.GotoAsync(new Uri(dashboard.Server.Address, path).ToString(), new() { WaitUntil = WaitUntilState.Commit });
        IFrameLocator view = page.FrameLocator(Frame);
        await Expect(view.GetByTestId("run-row")).ToBeVisibleAsync();
        await Expect(view.GetByTestId("run-row")).ToContainTextAsync(Name);
        await Expect(page.Locator(".lastview-note")).ToContainTextAsync("As seen at");
        await Expect(page.Locator(".shell")).ToHaveCountAsync(0);
        Assert.DoesNotContain("allow-scripts", await page.Locator(Frame).GetAttributeAsync("sandbox"), StringComparison.Ordinal);
        await Expect(view.Locator("[onerror], script, img[src=x]")).ToHaveCountAsync(0);

        await dashboard.Api.SendAsync<RunDocument>(HttpMethod.Patch, $"/api/v1/runs/{run.Id}", """{"name": "renamed meanwhile"}""");
        start.SetResult();
        await Expect(page.GetByTestId("run-row")).ToBeVisibleAsync();
        await Expect(page.GetByTestId("run-row")).ToContainTextAsync("renamed meanwhile");
        await Expect(page.Locator(Frame)).ToHaveCountAsync(0);
        await Expect(page.Locator(".lastview-note")).ToHaveCountAsync(0);

        // Neither forms nor what is typed into a dialog or a note are kept.
        foreach (string form in (string[])["/runs/new", "/keys", "/playground"])
        {
            await Dashboard.FollowAsync(page, form);
            await Expect(page.Locator("h1")).ToBeVisibleAsync();
            await Expect(page.Locator("#content [aria-busy=true]")).ToHaveCountAsync(0);
        }

        await LeaveAsync(page);
        Assert.Equal([path], (await KeptAsync(page)).Keys);
        await page.CloseAsync();
    }

    // A page of the same server without the dashboard.
    private async Task LeaveAsync(IPage page) => await page.GotoAsync(new Uri(dashboard.Server.Address, "/health/live").ToString());
}
