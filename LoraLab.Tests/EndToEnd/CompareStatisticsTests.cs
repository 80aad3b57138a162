using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Server.Comparison;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace LoraLab.Tests.EndToEnd;

/// <summary>Statistics of the compare page in the browser, over runs whose predictions the test sets.</summary>
[Collection(nameof(ScriptedDashboard))]
public sealed class CompareStatisticsTests(ScriptedDashboard dashboard)
{
    private readonly ScriptedRuns _runs = new(dashboard.Api);

    [Fact]
    [Trait("Category", "Exhaustive")]
    public async Task Compare_CheckpointsOfOneSeed_ShowIntervalsTestsAndReasons()
    {
        RunDocument a = await _runs.RunAsync("fingerprint wrong=0-7 threads=2");
        RunDocument b = await _runs.RunAsync("fingerprint wrong=0", "lora-plus");
        RunDocument other = await _runs.RunAsync("fingerprint wrong=3 promptHash=other", "pissa");
        RunDocument unfinished = await _runs.RunAsync("fingerprint fail", "lora-xs");
        IPage page = await OpenAsync(a, b, other, unfinished);

        // 12/20 and its Wilson interval as in the API tests, formatted as in the printed tables.
        await Expect(page.GetByTestId("compare-accuracy").First).ToHaveTextAsync("60.0% (12/20) [38.7, 78.1]");
        await Expect(page.GetByTestId("compare-baseline")).ToContainTextAsync("50.0% (10/20)");
        await Expect(page.GetByTestId("compare-row").First).ToContainTextAsync("best of 2");
        await Expect(page.GetByTestId("compare-row").Nth(3)).ToContainTextAsync("only evaluation");

        // Six pairs, so the matrix is shown; only a and b can be paired: 0 and 7 discordant rows, p = 2/2⁷.
        ILocator matrix = page.GetByTestId("pair-matrix");
        await Expect(matrix.Locator("tbody tr").First.Locator("td").Nth(1)).ToHaveTextAsync("−35.000.016");
        await Expect(matrix.Locator("tbody tr").Nth(1).Locator("td").First).ToHaveTextAsync("+35.000.016");
        await Expect(matrix.Locator("td.pair-worse")).ToHaveCountAsync(1);
        await Expect(matrix.Locator("td.pair-none")).ToHaveCountAsync(10);
        await Expect(page.GetByTestId("pair-refusals")).ToContainTextAsync("2 pairs not tested: The runs differ in prompt.");
        await Expect(page.GetByTestId("pair-refusals"))
            .ToContainTextAsync("3 pairs not tested: Only completed runs are tested. (lora-xs-42)");
        await Expect(page.GetByTestId("compare-requirements").Locator(".badge-failed")).ToHaveTextAsync("prompt");
        await Expect(page.GetByTestId("compare-requirements").Locator(".badge-completed")).ToHaveCountAsync(4);
        await Expect(page.GetByTestId("compare-differences")).ToContainTextAsync("environment.threads");
        await Expect(page.GetByTestId("method-refusal"))
            .ToHaveTextAsync("n = 1: too few common seeds for a test (at least 5 are required).");

        await page.GetByTestId("pairs-as-list").ClickAsync();
        await Dashboard.ArriveAsync(page, "[?&]tests=list");
        await Expect(page.GetByTestId("pair-list").Locator("tbody tr")).ToHaveCountAsync(1);
        await Expect(page.GetByTestId("pair-list").Locator("tbody tr")).ToContainTextAsync("environment.threads");
        await page.ReloadAsync();
        await Expect(page.GetByTestId("pair-list").Locator("tbody tr")).ToHaveCountAsync(1);
        await dashboard.GiveBackAsync(page);
    }

    [Fact]
    [Trait("Category", "Exhaustive")]
    public async Task Compare_FiveSeeds_ShowMeansAndTheMethodTest()
    {
        List<RunDocument> all = [];
        foreach ((string method, int[] wrong) in (IEnumerable<(string, int[])>)[("lora", [2, 3, 4, 3, 2]), ("pissa", [4, 4, 5, 6, 2])])
        {
            for (int seed = 1; seed <= wrong.Length; seed++)
            {
                all.Add(await _runs.SubmitAsync($"fingerprint wrong=0-{wrong[seed - 1] - 1}", method, seed));
            }
        }

        foreach (RunDocument run in all)
        {
            await dashboard.Api.WaitForEndAsync(run.Id);
        }

        IPage page = await OpenAsync([.. all]);

        // The values were computed by hand in the API tests.
        await Expect(page.GetByTestId("method-group")).ToHaveCountAsync(2);
        await Expect(page.GetByTestId("method-group").First).ToContainTextAsync("86.0 ± 4.2%");
        await Expect(page.GetByTestId("method-group").First).ToContainTextAsync("[80.8, 91.2]");
        await Expect(page.GetByTestId("method-group").First.Locator(".strip-seed")).ToHaveCountAsync(5);
        await Expect(page.GetByTestId("method-pairs").Locator("tbody tr")).ToContainTextAsync("+7.00");
        await Expect(page.GetByTestId("method-pairs").Locator("tbody tr")).ToContainTextAsync("0.052");
        await Expect(page.GetByTestId("pair-matrix").Locator("td.pair-none")).ToHaveCountAsync(80);
        await Expect(page.GetByTestId("pair-refusals"))
            .ToContainTextAsync("40 pairs not tested: The seeds differ: only runs with the same seed are paired.");
        await dashboard.GiveBackAsync(page);
    }

    [Fact]
    public async Task Compare_PredictionsBesideARun_MarkItsTimeHereAndOnItsPage()
    {
        RunDocument beside = await _runs.SubmitAsync("", change: spec => spec["notes"] = "steps=60 delay=20");
        await dashboard.Api.WaitAsync(beside.Id, run => run.State == RunState.Running);
        await dashboard.Api.SendAsync<ModelPredictResult>(HttpMethod.Post, ApiRoutes.Predict, """{"model":"sample","prompt":"a"}""");
        await dashboard.Api.WaitForEndAsync(beside.Id);

        IPage page = await OpenAsync(beside, await _runs.RunAsync("", "pissa"));
        await Expect(page.GetByTestId("compare-beside")).ToHaveTextAsync("beside 1 prediction");
        await page.GetByTestId("compare-row").First.GetByRole(AriaRole.Link).ClickAsync();
        await Expect(page.GetByTestId("stat-time")).ToContainTextAsync("not comparable: beside 1 prediction");
        await dashboard.GiveBackAsync(page);
    }

    private Task<IPage> OpenAsync(params IEnumerable<RunDocument> compared) =>
        dashboard.OpenAsync($"/compare?runs={string.Join(',', compared.Select(run => run.Id))}");
}
