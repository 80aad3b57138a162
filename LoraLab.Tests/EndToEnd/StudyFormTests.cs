using System.Net;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Tests.Support;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace LoraLab.Tests.EndToEnd;

/// <summary>The study form reports the errors of the API, and large studies start only after confirmation.</summary>
[Collection(nameof(RealDashboard))]
public sealed class StudyFormTests(RealDashboard dashboard)
{
    private const string Address = "/studies/new?template=better-call-lora&size=smoke";

    [Fact]
    public async Task Form_BadPlan_ShowsTheErrorsOfTheApiAtTheirFields()
    {
        const string Plan = """{"template":"better-call-lora","size":"smoke","seeds":[1,1]"""
            + ""","methods":[{"method":"lora","grid":{"learningRate":[]}}]}""";
        JsonObject problem = await dashboard.Api.RefusedAsync(
            HttpStatusCode.BadRequest, HttpMethod.Post, ApiRoutes.Studies + "?dryRun=true", RunApi.Json(Plan));
        IPage page = await dashboard.OpenAsync(Address);
        await Expect(page.GetByTestId("start-study")).ToBeEnabledAsync();

        await page.GetByTestId("field-seeds").FillAsync("1, 1");
        await page.GetByTestId("grid-lora-learningRate").FillAsync("");
        await Expect(page.GetByTestId("error-seeds")).ToHaveTextAsync((string)problem["errors"]!["seeds"]![0]!);
        await Expect(page.GetByTestId("error-method-lora"))
            .ToHaveTextAsync((string)problem["errors"]!["methods[0].grid.learningRate"]![0]!);
        await Expect(page.GetByTestId("start-study")).ToBeDisabledAsync();

        // The protocol has the fields of the run form with the values of the template, and shows the errors of a rejected run.
        await page.GetByTestId("field-seeds").FillAsync("");
        await page.GetByTestId("grid-lora-learningRate").FillAsync("0.004, 0.008");
        await Expect(page.GetByTestId("field-rank")).ToHaveValueAsync("4");
        await page.GetByTestId("field-rank").FillAsync("0");
        await Expect(page.GetByTestId("error-rank").First).ToContainTextAsync("rank");

        // Input is kept in the URL, so it survives a reload.
        await page.ReloadAsync();
        await Expect(page.GetByTestId("field-rank")).ToHaveValueAsync("0");
        await page.GetByTestId("field-rank").FillAsync("2");
        await Expect(page.GetByTestId("preview-reported")).ToHaveTextAsync("10");
        await dashboard.GiveBackAsync(page);
    }

    [Fact]
    public async Task Form_MoreThanFiveHundredRuns_RequiresConfirmation()
    {
        IPage page = await dashboard.OpenAsync(Address);
        await page.GetByTestId("field-seeds").FillAsync(string.Join(", ", Enumerable.Range(1, 99)));
        await Expect(page.GetByTestId("preview-reported")).ToHaveTextAsync("495");
        await page.GetByTestId("grid-lora-learningRate").FillAsync("0.001, 0.002, 0.004, 0.008");
        await Expect(page.GetByTestId("start-study")).ToHaveTextAsync("Start 507 runs");
        await page.GetByTestId("start-study").ClickAsync();
        await Expect(page.GetByRole(AriaRole.Dialog)).ToContainTextAsync("Start 507 runs?");
        await page.GetByRole(AriaRole.Dialog).GetByText("Go back").ClickAsync();

        await Expect(page.GetByRole(AriaRole.Dialog)).ToHaveCountAsync(0);
        Assert.StartsWith("/studies/new", new Uri(page.Url).PathAndQuery, StringComparison.Ordinal);
        await dashboard.GiveBackAsync(page);
    }

    [Fact]
    public async Task Form_FileLoaded_DownloadsTheSamePlan()
    {
        string file = Path.Combine(Fixtures.RepositoryRoot, "samples", "studies", "better-call-lora-smoke.json");
        JsonObject plan = JsonNode.Parse(await File.ReadAllTextAsync(file))!.AsObject();
        IPage page = await dashboard.OpenAsync("/studies/new");
        await page.GetByTestId("load-plan").SetInputFilesAsync(file);
        await Expect(page.GetByTestId("field-name")).ToHaveValueAsync((string)plan["name"]!);
        await Expect(page.GetByTestId("preview-reported")).ToHaveTextAsync("10");

        IDownload download = await page.RunAndWaitForDownloadAsync(() => page.GetByTestId("download-plan").ClickAsync());
        using TemporaryFolder folder = new();
        string saved = Path.Combine(folder.Path, "plan.json");
        await download.SaveAsAsync(saved);
        JsonObject back = JsonNode.Parse(await File.ReadAllTextAsync(saved))!.AsObject();
        foreach (string member in (string[])["name", "model", "dataset", "profile", "seeds", "methods", "selection"])
        {
            Assert.True(
                JsonNode.DeepEquals(plan[member], back[member]),
                $"{member}: {plan[member]?.ToJsonString()} became {back[member]?.ToJsonString()}");
        }

        await File.WriteAllTextAsync(saved, """{"seed": 1}""");
        await page.GetByTestId("load-plan").SetInputFilesAsync(saved);
        await Expect(page.GetByTestId("file-problem")).ToContainTextAsync("no member 'seed'");
        await dashboard.GiveBackAsync(page);
    }
}
