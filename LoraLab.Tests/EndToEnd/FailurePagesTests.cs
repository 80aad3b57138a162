using System.Diagnostics;
using System.Globalization;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace LoraLab.Tests.EndToEnd;

/// <summary>The pages of stopped and failed runs, and the actions they offer.</summary>
[Collection(nameof(ScriptedDashboard))]
public sealed class FailurePagesTests(ScriptedDashboard dashboard)
{
    [Fact]
    public async Task Run_CancelledAndResumedOnThePage_ContinuesFromItsCheckpoint()
    {
        RunDocument submitted = await SubmitLongAsync();
        try
        {
            IPage page = await dashboard.OpenAsync($"/runs/{submitted.Id}");
            await dashboard.Api.WaitAsync(submitted.Id, run => run.Progress.Step > 4);
            await page.GetByTestId("cancel").ClickAsync();
            await Expect(State(page)).ToHaveAttributeAsync("data-state", "cancelled");
            RunDocument cancelled = await dashboard.Api.WaitForEndAsync(submitted.Id);
            int saved = cancelled.Attempts[0].CheckpointStep!.Value;
            await Expect(page.GetByTestId("run-failure")).ToContainTextAsync("Stopped on request");
            await Expect(page.GetByTestId("failure-resume")).ToHaveTextAsync($"Resume from step {NumberFormat.Count(saved)}");

            await page.GetByTestId("failure-resume").ClickAsync();
            await Expect(State(page)).ToHaveAttributeAsync("data-state", "running");
            await Expect(page.GetByTestId("run-failure")).ToHaveCountAsync(0);
            RunDocument resumed = await dashboard.Api.WaitAsync(submitted.Id, run => run.Progress.Step > saved + 4);
            Assert.Equal(saved, resumed.Attempts[1].ResumedFrom);

            await page.GetByTestId("tab-attempts").ClickAsync();
            await Expect(page.GetByTestId("attempt")).ToHaveCountAsync(2);
            await Expect(page.Locator("[data-attempt='1']")).ToContainTextAsync("Stopped on request");
            await Expect(page.Locator("[data-attempt='2']")).ToContainTextAsync($"step {NumberFormat.Count(saved)}");
            await dashboard.GiveBackAsync(page);
        }
        finally
        {
            await StopAsync(submitted.Id);
        }
    }

    [Fact]
    [Trait("Category", "Long")]
    public async Task Run_IgnoringACancel_IsKilledOnThePage()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The test suspends a process with a signal.");
        RunDocument submitted = await SubmitLongAsync();
        int worker = (await dashboard.Api.WaitAsync(submitted.Id, run => run.Progress.Step > 4)).Attempts[0].ProcessId!.Value;
        await SignalAsync(worker, "STOP");
        try
        {
            IPage page = await dashboard.OpenAsync($"/runs/{submitted.Id}");
            await Expect(page.GetByTestId("kill")).ToHaveCountAsync(0);
            await page.GetByTestId("cancel").ClickAsync();
            await Expect(State(page)).ToHaveAttributeAsync("data-state", "cancelling");
            await Expect(page.GetByTestId("cancel-by")).ToContainTextAsync("killed at");
            await page.GetByTestId("kill").ClickAsync();
            await page.GetByTestId("confirm").ClickAsync();
            await Expect(State(page)).ToHaveAttributeAsync("data-state", "cancelled");
            Assert.Throws<ArgumentException>(() => Process.GetProcessById(worker));
            await dashboard.GiveBackAsync(page);
        }
        finally
        {
            await SignalAsync(worker, "CONT");
            await StopAsync(submitted.Id);
        }
    }

    [Fact]
    public async Task Run_Diverged_ShowsTheReasonAndOpensTheFormWithALowerRate()
    {
        const string Spec = """{"learningRate": 0.5, "notes": "steps=5 fail advice=0.05 say", "name": "the last word"}""";
        RunDocument run = await dashboard.Api.WaitForEndAsync((await dashboard.Api.SubmitAsync(Spec)).Id);
        IPage page = await dashboard.OpenAsync($"/runs/{run.Id}");

        ILocator panel = page.GetByTestId("run-failure");
        await Expect(panel).ToHaveAttributeAsync("data-reason", "diverged");
        await Expect(panel).ToContainTextAsync("its last good checkpoint is kept");
        await Expect(page.GetByTestId("failure-sentence")).ToHaveTextAsync(run.Error!);
        await Expect(page.GetByTestId("log-tail")).ToContainTextAsync(run.LogTail[^1]);
        await Expect(page.GetByTestId("resume")).ToHaveCountAsync(0);

        await panel.GetByTestId("suggestion").Filter(new LocatorFilterOptions { HasText = "learningRate" }).ClickAsync();
        await Dashboard.ArriveAsync(page, $"^/runs/new\\?from={run.Id}");
        await Expect(page.GetByTestId("field-learningRate")).ToHaveValueAsync("0.05");
        await Expect(page.GetByTestId("queue-run")).ToBeEnabledAsync();
        await dashboard.GiveBackAsync(page);
    }

    private static ILocator State(IPage page) => page.GetByTestId("state-badge").First;

    private Task<RunDocument> SubmitLongAsync() =>
        dashboard.Api.SubmitAsync("""{"notes": "steps=100000 delay=20 bowl", "evalEvery": 10}""");

    // Stopped in any case, so that the run does not block other tests.
    private async Task StopAsync(string id)
    {
        using HttpResponseMessage stopped = await dashboard.Server.Http.PostAsync($"/api/v1/runs/{id}/cancel", null);
        await dashboard.Api.WaitForEndAsync(id);
    }

    private static async Task SignalAsync(int process, string signal)
    {
        using Process kill = Process.Start("kill", [$"-{signal}", process.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }
}
