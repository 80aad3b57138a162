using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Microsoft.Playwright;
using Xunit;

namespace LoraLab.Tests.EndToEnd.EveryPage;

/// <summary>What holds on every page: it is accessible in both themes, has a title, and fits a phone.</summary>
[Collection(nameof(ScriptedDashboard))]
public sealed class EveryPageTests(ScriptedDashboard dashboard)
{
    private const int PhoneWidth = 390;
    private const string Spec = """{"notes": "steps=6", "evalEvery": 2, "tags": ["a tag"]}""";

    [Fact]
    [Trait("Category", "Long")]
    public async Task Pages_InBothThemes_HaveATitleAndNoSeriousViolation()
    {
        await FillAsync();
        await using IBrowserContext context = await dashboard.NewContextAsync();
        IPage page = await Dashboard.OpenAsync(context, dashboard.Server.Address);
        List<string> found = [];
        IReadOnlyList<(string Name, string Address)> pages = await DashboardPages.OfAsync(dashboard.Api);
        foreach (ColorScheme scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            // A new start has one theme from its first frame on; switching would leave colors of both for a moment.
            await page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = scheme, ReducedMotion = ReducedMotion.Reduce });
            await page.ReloadAsync();
            await page.Locator(".shell").WaitForAsync();
            foreach ((string name, string address) in pages)
            {
                await GoAsync(page, address);
                if (!(await page.TitleAsync()).EndsWith(" · LoraLab", StringComparison.Ordinal))
                {
                    found.Add($"{name}: the title is '{await page.TitleAsync()}'");
                }

                found.AddRange((await AxeCheck.ViolationsAsync(page)).Select(violation => $"{name}, {scheme}: {violation}"));
            }
        }

        Assert.True(found.Count == 0, string.Join('\n', found));
    }

    [Fact]
    [Trait("Category", "Long")]
    public async Task Pages_OnAPhone_DoNotScrollSideways()
    {
        await FillAsync();
        await using IBrowserContext context = await dashboard.NewContextAsync();
        IPage page = await Dashboard.OpenAsync(context, dashboard.Server.Address);
        await page.SetViewportSizeAsync(PhoneWidth, 844);
        List<string> wide = [];
        foreach ((string name, string address) in await DashboardPages.OfAsync(dashboard.Api))
        {
            await GoAsync(page, address);
            int width = await page.EvaluateAsync<int>("document.documentElement.scrollWidth");
            if (width > PhoneWidth)
            {
                wide.Add($"{name} is {width} px wide: {await WidestAsync(page)}");
            }
        }

        Assert.True(wide.Count == 0, string.Join('\n', wide));
    }

    /// <summary>Follows a link and waits until the page has loaded what it shows.</summary>
    internal static async Task GoAsync(IPage page, string address)
    {
        // Until it has started, the dashboard follows no link.
        await page.WaitForFunctionAsync(
            "path => location.pathname + location.search === path || void Blazor.navigateTo(path)",
            address,
            new() { PollingInterval = 1000 });
        await page.Locator("#content [aria-label='Loading']").First.WaitForAsync(new() { State = WaitForSelectorState.Detached });
        // Charts are drawn a moment after their data.
        await page.WaitForTimeoutAsync(400);
    }

    private static async Task<string> WidestAsync(IPage page) => await page.EvaluateAsync<string>(
        """
        () => [...document.querySelectorAll('#content *, .topbar *')]
          .filter(element => element.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
          .filter(element => { for (let e = element.parentElement; e; e = e.parentElement) {
            if (getComputedStyle(e).overflowX !== 'visible') return false; } return true; })
          .slice(0, 4).map(element => `${element.tagName}.${element.className}`).join(', ')
        """);

    /// <summary>Gives every page something to show: runs, a failed one, one that waits, a study and a sweep.</summary>
    private async Task FillAsync()
    {
        RunApi api = dashboard.Api;
        if ((await api.ReadAsync<StudyList>(ApiRoutes.Studies)).Items.Count > 0
            && (await api.ReadAsync<SweepList>(ApiRoutes.Sweeps)).Items.Count > 0)
        {
            return;
        }

        RunDocument[] runs = [await api.SubmitAsync(Spec), await api.SubmitAsync(Spec), await api.SubmitAsync("""{"notes": "fail"}""")];
        JsonObject study = new()
        {
            ["seeds"] = new JsonArray(1, 2),
            ["spec"] = new JsonObject { ["notes"] = "steps=4" },
            ["methods"] = new JsonArray(
                new JsonObject { ["method"] = "lora", ["grid"] = new JsonObject { ["learningRate"] = new JsonArray(1e-4, 2e-4) } },
                new JsonObject { ["method"] = "pissa" }),
        };
        StudyDocument started = await api.SendAsync<StudyDocument>(
            HttpMethod.Post, ApiRoutes.Studies, study.ToJsonString(), System.Net.HttpStatusCode.Created);
        JsonObject sweep = new()
        {
            ["space"] = new JsonArray(
                new JsonObject { ["field"] = "rank", ["values"] = new JsonArray(4, 8) },
                new JsonObject { ["field"] = "learningRate", ["values"] = new JsonArray(1e-4, 2e-4) }),
            ["spec"] = new JsonObject { ["notes"] = "steps=4" },
        };
        await api.SendAsync<SweepDocument>(HttpMethod.Post, ApiRoutes.Sweeps, sweep.ToJsonString(), System.Net.HttpStatusCode.Created);
        foreach (RunDocument run in runs)
        {
            await api.WaitForEndAsync(run.Id);
        }

        await StudyPages.WaitForEndAsync(api, started.Id);
    }
}
