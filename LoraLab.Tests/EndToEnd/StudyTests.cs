using System.Globalization;
using System.IO.Compression;
using System.Text.RegularExpressions;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using LoraLab.Tests.Support;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace LoraLab.Tests.EndToEnd;

/// <summary>The built-in study in the browser, with the real server and trainer, from the form to the paper.</summary>
[Collection(nameof(RealDashboard))]
public sealed class StudyTests(RealDashboard dashboard)
{
    private const string Smoke = "template-better-call-lora-smoke";
    private static readonly string[] _methods = ["lora", "lora-swapped", "lora-xs", "lora-plus", "pissa"];

    [Fact]
    [Trait("Category", "Long")]
    public async Task Smoke_FromTheFormToThePaper_FillsTheMatrixAndPrintsTheResultsOfThePredictions()
    {
        IPage page = await dashboard.OpenAsync("/studies");
        await page.GetByTestId("new-study").ClickAsync();
        await page.GetByTestId(Smoke).ClickAsync();
        await Expect(page.GetByTestId("preview-selection")).ToHaveTextAsync("10");
        await Expect(page.GetByTestId("preview-reported")).ToHaveTextAsync("10");
        await Expect(page.GetByTestId("preview-basis")).ToContainTextAsync("sample");
        await page.EvaluateAsync("window.notReloaded = true");
        await page.GetByTestId("start-study").ClickAsync();
        await Dashboard.ArriveAsync(page, "^/studies/(?!new)[^/?]+$");
        string id = StudyPages.IdOf(page);

        try
        {
            await WatchAsync(page);
            StudyDocument study = await StudyPages.WaitForEndAsync(dashboard.Api, id);
            Assert.True(study.State == StudyState.Completed, $"{study.State}: {study.Error}");
            await Expect(page.GetByTestId("study-state")).ToHaveAttributeAsync("data-state", "completed");
            Assert.True(await page.EvaluateAsync<bool>("window.notReloaded === true"), "The page was reloaded.");
            await AssertMatrixAsync(page, study);
            await AssertSelectionAsync(page, study);
            await AssertClaimsAsync(page, study);
            await AssertFiguresAsync(page, study);

            Dictionary<string, string> paper = await DownloadAsync(page);
            AssertFiles(paper, study);
            await AssertFinalTableAsync(page, study, paper["tables/final.tex"]);
            await AssertLinksAsync(page, study);
            await RenameAsync(page, id);
        }
        finally
        {
            await StudyPages.StopAsync(dashboard.Api, id);
        }

        await dashboard.GiveBackAsync(page);
    }

    /// <summary>Cells fill in live, and the progress bar advances.</summary>
    private static async Task WatchAsync(IPage page)
    {
        await Expect(page.GetByTestId("matrix-row")).ToHaveCountAsync(_methods.Length);
        await Expect(page.GetByTestId("matrix-cell")).ToHaveCountAsync(2 * _methods.Length);
        await Expect(page.GetByTestId("study-progress")).Not.ToHaveAttributeAsync("data-done", "0");
        await Expect(page.GetByTestId("study-eta")).ToContainTextAsync("left");
        await page.Locator("[data-testid=matrix-cell][data-state=completed]").First
            .WaitForAsync(new LocatorWaitForOptions { Timeout = 8 * Dashboard.TimeoutMs });
    }

    private async Task RenameAsync(IPage page, string id)
    {
        await page.GetByTestId("rename").ClickAsync();
        await page.GetByTestId("rename-input").FillAsync("Five methods in ten minutes");
        await page.GetByTestId("rename-input").PressAsync("Enter");
        await Expect(page.GetByTestId("study-name")).ToHaveTextAsync("Five methods in ten minutes");
        Assert.Equal("Five methods in ten minutes", (await dashboard.Api.ReadAsync<StudyDocument>(ApiRoutes.Study(id))).Name);
    }

    private static async Task AssertMatrixAsync(IPage page, StudyDocument study)
    {
        List<StudyRun> reported = [.. study.Runs.Where(run => run.Stage == StudyStage.Reported)];
        Assert.Equal(2 * _methods.Length, reported.Count);
        foreach (StudyRun run in reported)
        {
            ILocator cell = page.Locator($"[data-testid=matrix-cell][data-run='{run.RunId}']");
            await Expect(cell).ToHaveAttributeAsync("data-state", "completed");
            await Expect(cell).ToContainTextAsync((run.Accuracy!.Value * 100).ToString("0.00", CultureInfo.InvariantCulture));
        }
    }

    private static async Task AssertSelectionAsync(IPage page, StudyDocument study)
    {
        ILocator arms = await StudyPages.OpenTabAsync(page, "selection", "arm");
        await Expect(arms).ToHaveCountAsync(_methods.Length);
        await Expect(page.GetByTestId("chosen-cell")).ToHaveCountAsync(_methods.Length);
        await Expect(page.GetByTestId("arm-place")).ToHaveCountAsync(study.Arms.Count(arm => arm.Position is not null));
    }

    private static async Task AssertClaimsAsync(IPage page, StudyDocument study)
    {
        Assert.NotEmpty(study.Claims);
        // Two seeds on a toy do not test the paper's claims.
        Assert.All(study.Claims, claim => Assert.False(claim.MatchesPaper));
        ILocator cards = await StudyPages.OpenTabAsync(page, "claims", "claim");
        await Expect(cards).ToHaveCountAsync(study.Claims.Count);
        foreach (StudyClaim claim in study.Claims)
        {
            ILocator card = page.Locator($"[data-claim='{claim.Id}']");
            await Expect(card).ToContainTextAsync(claim.Finding);
            await Expect(card).ToContainTextAsync(claim.MinimumEvidence);
        }
    }

    private static async Task AssertFiguresAsync(IPage page, StudyDocument study)
    {
        ILocator figures = await StudyPages.OpenTabAsync(page, "figures", "figure");
        await Expect(figures).ToHaveCountAsync(study.Figures.Count);
        Assert.Contains(study.Figures, figure => figure is { Id: "convergence", UnavailableReason: null });
        foreach (StudyFigure figure in study.Figures.Where(figure => figure.UnavailableReason is null))
        {
            // The image is loaded and has an intrinsic size.
            ILocator image = page.Locator($"[data-figure='{figure.Id}'] img");
            await image.ScrollIntoViewIfNeededAsync();
            await Expect(image).ToHaveJSPropertyAsync("complete", true);
            Assert.True(await image.EvaluateAsync<int>("image => image.naturalWidth") > 100, figure.Id);
        }

        foreach (StudyFigure figure in study.Figures.Where(figure => figure.UnavailableReason is not null))
        {
            await Expect(page.Locator($"[data-figure='{figure.Id}']")).ToContainTextAsync(figure.UnavailableReason!);
        }
    }

    private static async Task<Dictionary<string, string>> DownloadAsync(IPage page)
    {
        IDownload download = await page.RunAndWaitForDownloadAsync(() => page.GetByTestId("paper").ClickAsync());
        Assert.EndsWith(".zip", download.SuggestedFilename, StringComparison.Ordinal);
        using TemporaryFolder folder = new();
        string file = Path.Combine(folder.Path, "paper.zip");
        await download.SaveAsAsync(file);
        using ZipArchive archive = ZipFile.OpenRead(file);
        Dictionary<string, string> texts = [];
        foreach (ZipArchiveEntry entry in archive.Entries)
        {
            using StreamReader reader = new(entry.Open());
            texts[entry.FullName] = await reader.ReadToEndAsync();
        }

        return texts;
    }

    private static void AssertFiles(Dictionary<string, string> paper, StudyDocument study)
    {
        string[] expected =
        [
            "paper.tex", "numbers.tex", "provenance.json", "tables/final.tex",
            .. _methods.Select(method => $"tables/hyper-parameters-{method}.tex"),
            "figures/convergence.svg", "figures/convergence.pdf", "figures/accuracy-cost.svg", "figures/accuracy-cost.pdf", "data/runs.csv",
            "data/predictions.csv",
        ];
        Assert.All(expected, name => Assert.NotEqual("", paper.GetValueOrDefault(name, "")));
        Assert.All(study.Runs, run => Assert.Contains(run.RunId, paper["provenance.json"], StringComparison.Ordinal));
        foreach (string table in paper.Keys.Where(name => name.StartsWith("tables/", StringComparison.Ordinal)))
        {
            Assert.Contains(Path.GetFileNameWithoutExtension(table), paper["paper.tex"], StringComparison.Ordinal);
        }
    }

    /// <summary>Accuracy and macro-F1 in the tables of the page and the paper, recomputed from the predictions of each run.</summary>
    private async Task AssertFinalTableAsync(IPage page, StudyDocument study, string tex)
    {
        await StudyPages.OpenTabAsync(page, "tables", "study-table");
        ILocator table = page.Locator("[data-table=final]");
        foreach (StudyArm arm in study.Arms)
        {
            List<double> accuracies = [];
            List<double> scores = [];
            foreach (StudyRun run in study.Runs.Where(run => run.Method == arm.Method && run.Stage == StudyStage.Reported))
            {
                PredictionSet predictions =
                    await dashboard.Api.ReadAsync<PredictionSet>(ApiRoutes.Run(run.RunId, "predictions") + "?step=last");
                accuracies.Add(100.0 * predictions.Items.Count(row => row.Label == row.Predicted) / predictions.Items.Count);
                scores.Add(predictions.Labels.Select((_, label) => F1(predictions.Items, label)).Average() * 100);
            }

            string[] printed = [Print(accuracies), Print(scores)];
            string row = Regex.Replace(
                tex.Split('\n').Single(line => line.StartsWith($"{arm.Label} &", StringComparison.Ordinal)),
                @"\\textbf\{|\\textsuperscript\{[^}]*\}|\$\\pm\$|[{}]",
                match => match.Value.Contains("pm", StringComparison.Ordinal) ? "±" : "");
            string[] cells = [.. row.Split('&').Select(cell => cell.Trim())];
            Assert.Equal(["2", .. printed], cells[1..4]);
            ILocator shown = table.Locator("tbody tr").Filter(new LocatorFilterOptions
            {
                Has = page.GetByRole(AriaRole.Cell, new PageGetByRoleOptions { Name = arm.Label, Exact = true }),
            });
            await Expect(shown.Locator("td").Nth(2)).ToContainTextAsync(printed[0]);
            await Expect(shown.Locator("td").Nth(3)).ToContainTextAsync(printed[1]);
        }
    }

    /// <summary>Links from the study to its runs, and from a run to its study.</summary>
    private async Task AssertLinksAsync(IPage page, StudyDocument study)
    {
        await page.GetByTestId("study-runs").ClickAsync();
        await Expect(page.GetByTestId("filter-study")).ToContainTextAsync(study.Id);
        await Expect(page.GetByTestId("run-row")).ToHaveCountAsync(study.Runs.Count);
        RunDocument run = await dashboard.Api.GetAsync(study.Runs[0].RunId);
        Assert.Equal(study.Id, run.StudyId);
        await page.GotoAsync(new Uri(dashboard.Server.Address, $"/runs/{run.Id}").ToString());
        await page.GetByTestId("run-study").ClickAsync();
        await Dashboard.ArriveAsync(page, $"^/studies/{study.Id}$");
        await Expect(page.GetByTestId("study-name")).ToHaveTextAsync(study.Name);
    }

    private static double F1(IReadOnlyList<Prediction> rows, int label)
    {
        double correct = rows.Count(row => row.Label == label && row.Predicted == label);
        double counted = rows.Count(row => row.Predicted == label) + rows.Count(row => row.Label == label);
        return counted == 0 ? 0 : 2 * correct / counted;
    }

    private static string Print(IReadOnlyList<double> values)
    {
        double mean = values.Sum() / values.Count;
        double deviation = Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1));
        return string.Create(CultureInfo.InvariantCulture, $"{mean:0.00} ± {deviation:0.00}");
    }
}
