using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Server;
using LoraLab.Tests.Support;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace LoraLab.Tests.EndToEnd;

/// <summary>User and program output is rendered as text on every page, even without the content security policy.</summary>
[Collection(nameof(ScriptedDashboard))]
public sealed class HostileTextTests(ScriptedDashboard dashboard, ScriptedServer scripted) : IClassFixture<ScriptedServer>
{
    private const string Name = "<img src=x onerror=\"window.hacked='name'\"><svg "
        + "onload=\"window.hacked='svg'\"><script>window.hacked='script'</script>";
    private const string Notes = "steps=40 delay=10 say <img src=x onerror=\"window.hacked='notes'\"> [x](javascript:window.hacked='link')";
    private const string Tag = "<b onmouseover=window.hacked='tag'>t</b>";

    [Fact]
    [Trait("Category", "Long")]
    public async Task NameNotesTagAndLog_FullOfMarkup_AreShownAsText()
    {
        ServerProcess server = scripted.Server;
        RunApi api = scripted.Api;
        RunDocument first = await SubmitAsync(api);
        RunDocument second = await SubmitAsync(api);
        await api.WaitForEndAsync(first.Id);
        await api.WaitForEndAsync(second.Id);
        RunDocument waiting = await PausedAsync(api);
        await using IBrowserContext context = await dashboard.NewContextAsync(withoutPolicy: true);
        IPage page = await Dashboard.OpenAsync(context, new Uri(server.Address, "/runs"));

        await Expect(page.Locator($"tr[data-run='{first.Id}']")).ToContainTextAsync(Name);
        await AssertHarmlessAsync(page);
        foreach ((string path, string shown) in new[]
        {
            ($"/runs/{first.Id}", Name), ($"/runs/{first.Id}?tab=config", "onerror"), ($"/runs/{first.Id}?tab=logs", Name),
            ("/queue", Name), ($"/compare?runs={first.Id},{second.Id}", Name), ($"/runs/new?from={first.Id}", "lora"),
            ($"/runs?q={Uri.EscapeDataString(Name)}", Name),
        })
        {
            await GoAsync(page, path);
            await Expect(page.Locator("#content")).ToContainTextAsync(shown);
            await AssertHarmlessAsync(page);
        }

        await GoAsync(page, $"/runs/{first.Id}?tab=notes");
        await Expect(page.GetByTestId("notes")).ToHaveValueAsync(Notes);
        await AssertHarmlessAsync(page);

        await HoverChartsAsync(page, first.Id, second.Id);
        Assert.Equal(RunState.Queued, (await api.GetAsync(waiting.Id)).State);
        await api.SendAsync<RunDocument>(
            HttpMethod.Post, ApiRoutes.Run(waiting.Id, "cancel"), expected: System.Net.HttpStatusCode.Accepted);
        await api.SendAsync<QueueDocument>(HttpMethod.Patch, ApiRoutes.Queue, """{"paused":false}""");
        await page.CloseAsync();
    }

    [Fact]
    [Trait("Category", "Exhaustive")]
    public async Task Study_FullOfMarkup_IsShownAsText()
    {
        ServerProcess server = scripted.Server;
        RunApi api = scripted.Api;
        const string StudyName = "<img src=x onerror=\"window.hacked='study'\"><b onmouseover=window.hacked=1>s</b>";
        // One method has results; the runs of the other fail.
        JsonObject plan = new()
        {
            ["name"] = StudyName,
            ["notes"] = Notes,
            ["seeds"] = new JsonArray(1, 2),
            ["spec"] = new JsonObject { ["tags"] = new JsonArray(Tag) },
            ["methods"] = new JsonArray(
                new JsonObject
                {
                    ["method"] = "lora",
                    ["spec"] = new JsonObject { ["notes"] = Notes },
                    ["grid"] = new JsonObject { ["targetModules"] = new JsonArray(new JsonArray("q_proj"), new JsonArray("v_proj")) },
                },
                new JsonObject { ["method"] = "pissa", ["spec"] = new JsonObject { ["notes"] = $"fail {Notes}" } }),
        };
        StudyDocument study = await api.SendAsync<StudyDocument>(
            HttpMethod.Post, ApiRoutes.Studies, plan.ToJsonString(), System.Net.HttpStatusCode.Created);
        study = await StudyPages.WaitForEndAsync(api, study.Id);
        Assert.Equal(StudyState.Failed, study.State);
        await using IBrowserContext context = await dashboard.NewContextAsync(withoutPolicy: true);
        IPage page = await Dashboard.OpenAsync(context, new Uri(server.Address, "/studies"));

        await Expect(page.Locator($"tr[data-study='{study.Id}']")).ToContainTextAsync(StudyName);
        await AssertHarmlessAsync(page);
        foreach ((string path, string shown) in new[]
        {
            ($"/studies/{study.Id}", StudyName), ($"/studies/{study.Id}", "Runs without a result"),
            ($"/studies/{study.Id}?tab=selection", "q_proj"), ($"/studies/{study.Id}?tab=claims", StudyName),
            ($"/studies/{study.Id}?tab=tables", StudyName),
            ($"/studies/{study.Id}?tab=figures", StudyName), ($"/studies/{study.Id}?tab=plan", "onerror"),
            ($"/studies/new?from={study.Id}", "onerror"), ($"/runs?study={study.Id}", StudyName),
        })
        {
            await GoAsync(page, path);
            await Expect(page.Locator("#content")).ToContainTextAsync(shown);
            await AssertHarmlessAsync(page);
        }

        await page.CloseAsync();
    }

    /// <summary>Navigates via a page without hostile text, so that the text found next is on the new page.</summary>
    private static async Task GoAsync(IPage page, string path)
    {
        await Dashboard.FollowAsync(page, "/system");
        await Expect(page.Locator("#content")).Not.ToContainTextAsync("onerror");
        await Dashboard.FollowAsync(page, path);
    }

    /// <summary>Checks the tooltip of a chart, which is rendered by our own script.</summary>
    private static async Task HoverChartsAsync(IPage page, string first, string second)
    {
        await GoAsync(page, $"/compare?runs={first},{second}");
        await new ChartProbe(page, MetricKeys.TrainLoss).WaitForMoreThanAsync(40);
        ILocator plot = page.Locator($"[data-metric='{MetricKeys.TrainLoss}'] [data-testid=chart-plot]").First;
        await plot.HoverAsync();
        await Expect(plot.Locator(".chart-tip")).ToContainTextAsync(Name);
        await AssertHarmlessAsync(page);
    }

    private static async Task AssertHarmlessAsync(IPage page)
    {
        Assert.Null(await page.EvaluateAsync<string?>("window.hacked ?? null"));
        Assert.Equal(0, await page.Locator("img[src=x], svg[onload], b[onmouseover], a[href^='javascript:']").CountAsync());
    }

    private static Task<RunDocument> SubmitAsync(RunApi api) =>
        api.SubmitAsync(new JsonObject { ["name"] = Name, ["notes"] = Notes, ["tags"] = new JsonArray(Tag) }.ToJsonString());

    private static async Task<RunDocument> PausedAsync(RunApi api)
    {
        await api.SendAsync<QueueDocument>(HttpMethod.Patch, "/api/v1/queue", """{"paused":true}""");
        return await SubmitAsync(api);
    }
}
