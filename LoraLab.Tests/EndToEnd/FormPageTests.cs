using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace LoraLab.Tests.EndToEnd;

/// <summary>The form shows what the API returns.</summary>
[Collection(nameof(RealDashboard))]
public sealed class FormPageTests(RealDashboard dashboard)
{
    [Fact]
    public async Task Form_BadInput_ShowsTheMessagesOfTheApiUnderTheirFields()
    {
        Dictionary<string, string> typed = new() { ["rank"] = "abc", ["alpha"] = "-1", ["learningRate"] = "0", ["trainSamples"] = "1.5" };
        const string Spec = """{"model": "sample", "dataset": "sample", "method": "lora", "rank": "abc", "alpha": -1,"""
            + """ "learningRate": 0, "trainSamples": 1.5}""";
        JsonObject problem = await dashboard.Api.RefusedAsync(
            HttpStatusCode.BadRequest, HttpMethod.Post, "/api/v1/runs?dryRun=true", RunApi.Json(Spec));
        IPage page = await dashboard.OpenAsync("/runs/new");
        foreach ((string field, string text) in typed)
        {
            await page.GetByTestId($"field-{field}").FillAsync(text);
        }

        await ShowsAsync(page, typed, problem);
        await Expect(page.GetByTestId("queue-run")).ToBeDisabledAsync();

        // The input is kept in the URL: a reload restores it, and the messages.
        await page.ReloadAsync();
        await ShowsAsync(page, typed, problem);
        await page.GetByTestId("field-rank").FillAsync("0");
        await Expect(page.GetByTestId("error-rank")).Not.ToHaveTextAsync((string)problem["errors"]!["rank"]![0]!);
        await dashboard.GiveBackAsync(page);
    }

    [Fact]
    public async Task Form_SpecificationShown_IsTheOneSubmitted()
    {
        JsonObject spec = MicroSpec.For("pissa");
        spec["maxSteps"] = 1;
        IPage page = await dashboard.OpenAsync($"/runs/new?set={Uri.EscapeDataString(spec.ToJsonString())}");
        await Expect(page.GetByTestId("queue-run")).ToBeEnabledAsync();
        await page.GetByTestId("preview").GetByRole(AriaRole.Button, new LocatorGetByRoleOptions { Name = "JSON" }).ClickAsync();
        ILocator code = page.GetByTestId("preview").Locator("code");
        await Expect(code).ToHaveTextAsync(new Regex(@"^\s*\{"));
        JsonObject shown = JsonNode.Parse(await code.InnerTextAsync())!.AsObject();

        JsonObject answer = await dashboard.Api.SendAsync<JsonObject>(HttpMethod.Post, "/api/v1/runs?dryRun=true", shown.ToJsonString());
        JsonObject expected = await dashboard.Api.SendAsync<JsonObject>(HttpMethod.Post, "/api/v1/runs?dryRun=true", spec.ToJsonString());
        Assert.Equal(expected["spec"]!.ToJsonString(), answer["spec"]!.ToJsonString());
        await dashboard.GiveBackAsync(page);
    }

    [Fact]
    public async Task Form_OverTheBudget_FitsAfterASuggestion()
    {
        JsonObject spec = MicroSpec.For("lora");
        // With recompute auto, the blocks would be computed again, and the run would fit.
        (spec["effectiveBatch"], spec["trainSamples"], spec["packTokens"], spec["recompute"]) = (1000, 1000, 100_000, "none");
        MemoryEstimate free = await dashboard.Api.SendAsync<MemoryEstimate>(HttpMethod.Post, ApiRoutes.Estimate, spec.ToJsonString());
        spec["memoryBudgetMb"] = (int)(0.8 * free.TotalMb);
        IPage page = await dashboard.OpenAsync($"/runs/new?set={Uri.EscapeDataString(spec.ToJsonString())}");

        ILocator memory = page.GetByTestId("memory");
        await Expect(memory).ToHaveAttributeAsync("data-fits", "no");
        await Expect(page.GetByTestId("memory-verdict")).ToHaveTextAsync("Over the budget");
        foreach (string component in (string[])["weights", "adapters", "optimizer", "activations", "logits", "process"])
        {
            await Expect(page.GetByTestId($"memory-{component}")).ToContainTextAsync("B");
        }

        await memory.GetByTestId("suggestion").Filter(new LocatorFilterOptions { HasText = "packTokens" }).ClickAsync();
        await Expect(memory).ToHaveAttributeAsync("data-fits", "yes");
        await Expect(page.GetByTestId("memory-verdict")).ToHaveTextAsync("Fits the budget");
        Assert.DoesNotContain("100000", page.Url, StringComparison.Ordinal);
        Assert.Contains("packTokens", page.Url, StringComparison.Ordinal);
        await dashboard.GiveBackAsync(page);
    }

    private static async Task ShowsAsync(IPage page, Dictionary<string, string> typed, JsonObject problem)
    {
        foreach ((string field, string text) in typed)
        {
            await Expect(page.GetByTestId($"field-{field}")).ToHaveValueAsync(text);
            await Expect(page.GetByTestId($"error-{field}")).ToHaveTextAsync((string)problem["errors"]![field]![0]!);
        }
    }
}
