using System.Net;
using System.Net.Sockets;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Server;
using LoraLab.Tests.Support;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace LoraLab.Tests.EndToEnd;

/// <summary>The common elements of all pages: theme, connection, queue.</summary>
[Collection(nameof(ScriptedDashboard))]
public sealed class ShellTests(ScriptedDashboard dashboard)
{
    [Fact]
    [Trait("Category", "Exhaustive")]
    public async Task Theme_ChosenDark_IsStoredAndTheSystemIsTheDefault()
    {
        await using IBrowserContext context = await dashboard.NewContextAsync(ColorScheme.Dark);
        IPage page = await Dashboard.OpenAsync(context, dashboard.Server.Address);
        await Expect(page.Locator("html")).ToHaveAttributeAsync("data-theme", "dark");
        await page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = ColorScheme.Light });
        await page.ReloadAsync();
        await Expect(page.Locator("html")).ToHaveAttributeAsync("data-theme", "light");

        await page.GetByTestId("theme-menu").GetByRole(AriaRole.Button).First.ClickAsync();
        await page.GetByText("Dark", new PageGetByTextOptions { Exact = true }).ClickAsync();
        await Expect(page.Locator("html")).ToHaveAttributeAsync("data-theme", "dark");
        await page.ReloadAsync();
        await Expect(page.Locator("html")).ToHaveAttributeAsync("data-theme", "dark");
    }

    /// <summary>A page closed while its first subscription waits for a connection causes no errors afterwards.</summary>
    [Fact]
    [Trait("Category", "Exhaustive")]
    public async Task Pages_ClosedWhileLoading_CauseNoErrors()
    {
        await using IBrowserContext context = await dashboard.NewContextAsync();
        await context.RouteAsync("**/hubs/**", route => route.AbortAsync());
        IPage page = await Dashboard.OpenAsync(context, new Uri(dashboard.Server.Address, "/methods"));
        List<string> errors = [];
        page.Console += (_, message) =>
        {
            if (message.Text.Contains("ErrorBoundary", StringComparison.Ordinal))
            {
                errors.Add(message.Text);
            }
        };

        foreach (string address in (string[])
        [
            "/", "/runs", "/runs/none", "/runs/new", "/compare?runs=none", "/sweeps", "/sweeps/none", "/sweeps/new", "/studies",
            "/studies/none", "/studies/new",
        ])
        {
            await Dashboard.FollowAsync(page, address);
        }

        await Dashboard.FollowAsync(page, "/methods");
        // Longer than the connect timeout of a page and the typing pause of a form.
        await Task.Delay(TimeSpan.FromSeconds(4));
        Assert.Empty(errors);
        await Expect(page.GetByText("Something went wrong on this page")).ToHaveCountAsync(0);
        await page.CloseAsync();
    }

    [Fact]
    public async Task Queue_PausedAndReorderedOnThePage_ChangesOnTheServer()
    {
        IPage page = await dashboard.OpenAsync("/queue");
        await page.GetByTestId("pause").ClickAsync();
        await Expect(page.GetByTestId("paused")).ToBeVisibleAsync();
        const string Spec = """{"notes": "steps=4"}""";
        RunDocument first = await dashboard.Api.SubmitAsync(Spec);
        RunDocument second = await dashboard.Api.SubmitAsync(Spec);
        await Expect(page.GetByTestId("queue-row")).ToHaveCountAsync(2);

        await page.Locator($"tr[data-run='{second.Id}']").GetByTestId("move-up").ClickAsync();
        await Expect(page.GetByTestId("queue-row").First).ToHaveAttributeAsync("data-run", second.Id);
        QueueDocument queue = await dashboard.Api.ReadAsync<QueueDocument>(ApiRoutes.Queue);
        Assert.Equal([second.Id, first.Id], queue.Queued.Select(run => run.Id));

        await page.GetByTestId("pause").ClickAsync();
        await Expect(page.GetByTestId("paused")).ToHaveCountAsync(0);
        await dashboard.Api.WaitForEndAsync(first.Id);
        await Expect(page.GetByTestId("queue-row")).ToHaveCountAsync(0);
        await page.CloseAsync();
    }

    [Fact]
    [Trait("Category", "Long")]
    public async Task Server_Restarted_ThePageReconnectsAndCatchesUp()
    {
        string address = $"http://127.0.0.1:{FreePort()}";
        using TemporaryFolder data = new();
        ServerSetup setup = ScriptedServer.Setup with { Url = address, DataDirectory = data.Path };
        await using IBrowserContext context = await dashboard.NewContextAsync();
        IPage page;
        await using (ServerProcess server = await ServerProcess.StartAsync(setup))
        {
            page = await Dashboard.OpenAsync(context, new Uri(address + "/runs"));
            await Expect(page.GetByTestId("live-state")).ToContainTextAsync("Live");
            await Expect(page.GetByTestId("empty-state")).ToBeVisibleAsync();
            await server.KillAsync();
        }

        await Expect(page.GetByTestId("connection-banner")).ToBeVisibleAsync();
        await page.EvaluateAsync("window.notReloaded = true");
        await using ServerProcess again = await ServerProcess.StartAsync(setup);
        await again.Http.PatchAsync(ApiRoutes.Queue, RunApi.Json("""{"paused": true}"""));
        RunDocument run = await new RunApi(again.Http).SubmitAsync("""{"notes": "steps=4"}""");

        await Expect(page.GetByTestId("connection-banner")).ToHaveCountAsync(0);
        await Expect(page.Locator($"tr[data-run='{run.Id}']")).ToBeVisibleAsync();
        Assert.True(await page.EvaluateAsync<bool>("window.notReloaded === true"), "The page was reloaded.");
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
