using System.Diagnostics;
using LoraLab.Contracts.Runs;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace LoraLab.Tests.EndToEnd;

/// <summary>Every page complies with the content security policy, those of libraries included.</summary>
[Collection(nameof(ScriptedDashboard))]
public sealed class SecurityPolicyTests(ScriptedDashboard dashboard)
{
    [Fact]
    [Trait("Category", "Long")]
    public async Task Pages_All_CauseNoViolations()
    {
        RunDocument run = await dashboard.Api.WaitForEndAsync(
            (await dashboard.Api.SubmitAsync("""{"notes": "steps=4"}""")).Id, Dashboard.RunTimeout);
        IPage page = await dashboard.OpenAsync("/runs");
        await page.WaitForLoadStateAsync(LoadState.NetworkIdle);
        foreach (string path in (string[])
        [
            "/runs/new", "/queue", "/methods", "/models", "/system", $"/compare?runs={run.Id}", $"/runs/{run.Id}",
            $"/runs/{run.Id}?tab=logs",
        ])
        {
            await Dashboard.FollowAsync(page, path);
            await WaitForIdleAsync(page);
        }

        await dashboard.GiveBackAsync(page);

        await using IBrowserContext context = await dashboard.NewContextAsync();
        IPage other = await Dashboard.NewPageAsync(context);
        await other.GotoAsync(new Uri(dashboard.Server.Address, "/api-docs").ToString());
        await Expect(other.GetByText("Queues a run").First).ToBeVisibleAsync();
        await other.GotoAsync(new Uri(dashboard.Server.Address, "/hangfire").ToString());
        await Expect(other.GetByText("LoraLab queue").First).ToBeVisibleAsync();
        await other.GotoAsync(new Uri(dashboard.Server.Address, "/hangfire/servers").ToString());
        await other.WaitForTimeoutAsync(1000);
        await other.CloseAsync();
        Dashboard.AssertNoViolations();
    }

    [Fact]
    public async Task Violation_OnAPage_IsReported()
    {
        await using IBrowserContext context = await dashboard.NewContextAsync();
        IPage page = await context.NewPageAsync();
        List<string> messages = [];
        page.Console += (_, message) => messages.Add(message.Text);
        await page.GotoAsync(new Uri(dashboard.Server.Address, "/health/live").ToString());

        await page.EvaluateAsync("() => { const script = document.createElement('script'); script.textContent = 'window.ran = "
            + "true'; document.head.append(script); }");

        Assert.Null(await page.EvaluateAsync<bool?>("window.ran ?? null"));
        Assert.Contains(messages, text => text.Contains("Content Security Policy", StringComparison.OrdinalIgnoreCase));
        await page.CloseAsync();
    }

    /// <summary>Waits until the page has made no request for half a second.</summary>
    private static async Task WaitForIdleAsync(IPage page)
    {
        long last = Stopwatch.GetTimestamp();
        void Note(object? sender, IRequest request) => last = Stopwatch.GetTimestamp();
        page.Request += Note;
        page.RequestFinished += Note;
        page.RequestFailed += Note;
        while (Stopwatch.GetElapsedTime(last) < TimeSpan.FromMilliseconds(500))
        {
            await Task.Delay(50);
        }

        page.Request -= Note;
        page.RequestFinished -= Note;
        page.RequestFailed -= Note;
    }
}
