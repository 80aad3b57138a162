using System.Net;
using System.Net.Sockets;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Server;
using LoraLab.Tests.Support;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace LoraLab.Tests.EndToEnd;

/// <summary>The server is killed while a page follows a run, and comes back.</summary>
[Collection(nameof(ScriptedDashboard))]
public sealed class RestartJourneyTests(ScriptedDashboard dashboard)
{
    private const int Steps = 300;
    private const int EvalEvery = 5;
    private const string Note = "Typed while the server was away.";

    /// <summary>
    /// The first attempt goes on without its server, beyond its last checkpoint, until the next one kills it: those points count no more.
    /// </summary>
    [Fact]
    [Trait("Category", "Long")]
    public async Task Server_KilledWhileAPageFollowsARun_ThePageKeepsWhatIsTypedAndFollowsTheResumedRun()
    {
        using TemporaryFolder data = new();
        ServerSetup setup = ScriptedServer.Setup with { Url = $"http://127.0.0.1:{FreePort()}", DataDirectory = data.Path };
        await using IBrowserContext context = await dashboard.NewContextAsync();
        string id;
        IPage page;
        await using (ServerProcess first = await ServerProcess.StartAsync(setup))
        {
            page = await Dashboard.OpenAsync(context, new Uri(first.Address, "/runs"));
            id = (await new RunApi(first.Http).SubmitAsync(
                $$"""{"notes": "bowl steps={{Steps}} rows=32 delay@1=600 delay=20 stubborn@1 marked", "evalEvery": {{EvalEvery}}}""")).Id;
            await Dashboard.FollowAsync(page, $"/runs/{id}");
            await new ChartProbe(page, MetricKeys.EvalAccuracy).WaitForMoreThanAsync(1);
            await page.EvaluateAsync("window.notReloaded = true");
            await page.GetByTestId("tab-notes").ClickAsync();
            await page.GetByTestId("notes").FillAsync("Typed before.");
            await first.KillAsync();
        }

        await Expect(page.GetByTestId("connection-banner")).ToContainTextAsync("This page may be out of date");
        await Expect(page.GetByTestId("live-state")).ToContainTextAsync("Reconnecting");
        await page.GetByTestId("notes").FillAsync(Note);
        await page.GetByTestId("save-notes").ClickAsync();
        await Expect(page.GetByTestId("notes-error")).ToBeVisibleAsync();
        await Expect(page.GetByTestId("notes")).ToHaveValueAsync(Note);

        await using ServerProcess second = await ServerProcess.StartAsync(setup);
        RunApi api = new(second.Http);
        RunDocument resumed = await api.WaitAsync(id, run => run.Attempts is [_, { ResumedFrom: > 0 }] && run.State == RunState.Running);
        await Expect(page.GetByTestId("connection-banner")).ToHaveCountAsync(0);
        await Expect(page.GetByTestId("state-badge").First).ToHaveAttributeAsync("data-state", "running");
        await Expect(page.GetByTestId("notes")).ToHaveValueAsync(Note);
        await page.GetByTestId("save-notes").ClickAsync();
        await Expect(page.GetByTestId("unsaved")).ToHaveCountAsync(0);

        await page.GetByTestId("tab-charts").ClickAsync();
        await api.WaitForEndAsync(id);
        await Expect(page.GetByTestId("state-badge").First).ToHaveAttributeAsync("data-state", "completed");
        await AssertWholeAsync(page, api, id, resumed.Attempts[1].ResumedFrom!.Value);
        Assert.Equal(Note, (await api.GetAsync(id)).Notes);
        Assert.True(await page.EvaluateAsync<bool>("window.notReloaded === true"), "The page was reloaded.");
        await page.CloseAsync();
    }

    /// <summary>Every point is there once, those after the checkpoint from the second attempt, and the charts have exactly these.</summary>
    private static async Task AssertWholeAsync(IPage page, RunApi api, string id, int from)
    {
        Assert.Equal(0, from % EvalEvery);
        RunMetrics metrics = await api.MetricsAsync(id);
        MetricSeries loss = metrics.Series[MetricKeys.TrainLoss];
        Assert.Equal(Enumerable.Range(1, Steps), loss.X);
        // The worker adds 10 to the losses of its second attempt.
        Assert.Equal(loss.X.Select(step => step > from), loss.Y.Select(value => value > 10));
        Assert.Equal(
            Enumerable.Range(0, (Steps / EvalEvery) + 1).Select(index => index * EvalEvery), metrics.Series[MetricKeys.EvalAccuracy].X);
        foreach ((string metric, int points) in new[] { (MetricKeys.EvalAccuracy, (Steps / EvalEvery) + 1), (MetricKeys.TrainLoss, Steps) })
        {
            ILocator plot = page.Locator($"[data-metric='{metric}'] [data-testid=chart-plot]");
            await plot.ScrollIntoViewIfNeededAsync();
            await Expect(plot).ToHaveAttributeAsync("data-point-count", $"{points}");
            await Expect(plot.GetByText("resumed here")).ToHaveCountAsync(1);
        }
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
