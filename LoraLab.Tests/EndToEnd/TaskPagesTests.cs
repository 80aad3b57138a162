using LoraLab.Contracts.Runs;
using LoraLab.Tests.Server.Comparison;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace LoraLab.Tests.EndToEnd;

/// <summary>Pages of runs of other tasks than labels of a sentence.</summary>
[Collection(nameof(ScriptedDashboard))]
public sealed class TaskPagesTests(ScriptedDashboard dashboard)
{
    private readonly ScriptedRuns _runs = new(dashboard.Api);

    [Fact]
    public async Task Predictions_Pairs_ShowTextsAndAreFilteredByTheServer()
    {
        RunDocument run = await RunAsync("pairs", "wrong=1-3,7");
        IPage page = await dashboard.OpenAsync($"/runs/{run.Id}?tab=predictions");

        await Expect(page.GetByTestId("prediction-row")).ToHaveCountAsync(ScriptedRuns.Rows);
        await Expect(page.GetByTestId("prediction-row").First).ToContainTextAsync("Someone makes music outside.");
        await SaveAsync(page, "predictions-pairs");
        await page.GetByTestId("show-wrong").ClickAsync();
        await Expect(page.GetByTestId("prediction-row")).ToHaveCountAsync(4);
        await page.GetByTestId("prediction-label").SelectOptionAsync("neutral");
        await Expect(page.GetByTestId("prediction-row")).ToHaveCountAsync(2);
        await page.GetByTestId("prediction-search").FillAsync("red collars");
        await page.GetByTestId("prediction-search").PressAsync("Enter");
        await Expect(page.GetByTestId("prediction-row")).ToHaveCountAsync(1);
        await dashboard.GiveBackAsync(page);
    }

    [Fact]
    public async Task Predictions_TwoHundredLabels_AreAHeatMap()
    {
        RunDocument run = await RunAsync("topics", "rows=400 wrong=3-40,100-120");
        IPage page = await dashboard.OpenAsync($"/runs/{run.Id}?tab=predictions");

        await Expect(page.GetByTestId("confusion-heat").Locator(".confusion-heat-row")).ToHaveCountAsync(200);
        await Expect(page.GetByTestId("prediction-row")).ToHaveCountAsync(50);
        await SaveAsync(page, "predictions-topics");
        await page.GetByTestId("confusion-heat").Locator(".confusion-heat-cell.off").First.ClickAsync();
        await Expect(page.GetByTestId("prediction-row")).ToHaveCountAsync(1);
        await dashboard.GiveBackAsync(page);
    }

    [Fact]
    public async Task Predictions_Completions_ShowReferenceAndGeneratedTextSideBySide()
    {
        RunDocument run = await RunAsync("instructions", "wrong=0,2-5", generate: true);
        IPage page = await dashboard.OpenAsync($"/runs/{run.Id}?tab=predictions");

        await Expect(page.GetByTestId("text-prediction")).ToHaveCountAsync(ScriptedRuns.Rows);
        await Expect(page.GetByTestId("text-prediction").First).ToContainTextAsync("Lyon, I think");
        await Expect(page.GetByTestId("text-prediction").First).ToContainTextAsync("differs");
        await SaveAsync(page, "predictions-completions");
        await page.GetByTestId("show-wrong").ClickAsync();
        await Expect(page.GetByTestId("text-prediction")).ToHaveCountAsync(5);
        await dashboard.GiveBackAsync(page);
    }

    [Fact]
    public async Task Compare_Completions_ShowTheLossItsTestAndTheRows()
    {
        RunDocument a = await RunAsync("instructions", "fingerprint wrong=0-3 loss=0.5", generate: true);
        RunDocument b = await RunAsync("instructions", "fingerprint wrong=0-9 loss=0.5", "pissa", generate: true);
        IPage page = await dashboard.OpenAsync($"/compare?runs={a.Id},{b.Id}");

        await Expect(page.GetByTestId("verdict")).ToContainTextAsync($"{a.Name} is better than {b.Name} in evaluation loss by");
        await Expect(page.GetByTestId("pair-list")).ToContainTextAsync("Exact match");
        await Expect(page.GetByTestId("rows-only-a")).ToHaveTextAsync("Only A right (6)");
        await Expect(page.GetByTestId("compared-row")).ToHaveCountAsync(6);
        await SaveAsync(page, "compare-completions");
        await page.GetByTestId("rows-only-b").ClickAsync();
        await Expect(page.GetByTestId("compared-row")).ToHaveCountAsync(0);
        await dashboard.GiveBackAsync(page);
    }

    [Fact]
    public async Task NewRun_DatasetOfAnotherTask_ShowsItsFieldsOnly()
    {
        IPage page = await dashboard.OpenAsync("/runs/new");
        ILocator data = page.Locator(".card", new() { Has = page.GetByTestId("field-dataset") });

        await data.GetByRole(AriaRole.Button, new() { Name = "More settings" }).ClickAsync();
        await Expect(page.Locator("[data-field=stripSentence]")).ToHaveCountAsync(1);
        await Expect(page.Locator("[data-field=chatTemplate]")).ToHaveCountAsync(0);
        await page.GetByTestId("field-dataset").SelectOptionAsync("instructions");
        await Expect(page.Locator("[data-field=chatTemplate]")).ToHaveCountAsync(1);
        await Expect(page.Locator("[data-field=stripSentence]")).ToHaveCountAsync(0);
        await Expect(page.Locator("[data-field=prompt]")).ToContainTextAsync("{prompt}{completion}");
        await SaveAsync(page, "form-completion");
        await page.GetByTestId("field-dataset").SelectOptionAsync("pairs");
        await Expect(page.Locator("[data-field=prompt]")).ToContainTextAsync("Premise: {premise}");
        await dashboard.GiveBackAsync(page);
    }

    private Task<RunDocument> RunAsync(string dataset, string words, string method = "lora", bool generate = false) =>
        _runs.RunAsync(words, method, change: spec =>
        {
            spec["dataset"] = dataset;
            spec["generateSamples"] = generate ? ScriptedRuns.Rows : 0;
            // The first words win.
            spec["notes"] = $"{words} {spec["notes"]}";
        });

    /// <summary>Saves a picture where <c>LORALAB_PICTURES</c> names a folder, to look at.</summary>
    private static async Task SaveAsync(IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("LORALAB_PICTURES") is string folder)
        {
            await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{name}.png"), FullPage = true });
        }
    }
}
