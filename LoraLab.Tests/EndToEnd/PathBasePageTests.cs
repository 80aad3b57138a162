using LoraLab.Contracts.Runs;
using LoraLab.Tests.Server;
using LoraLab.Tests.Support;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace LoraLab.Tests.EndToEnd;

/// <summary>The dashboard under a path, by a proxy that removes it and without one.</summary>
[Collection(nameof(ScriptedDashboard))]
public sealed class PathBasePageTests(
    ScriptedDashboard dashboard, PathBasePageTests.LabServer lab) : IClassFixture<PathBasePageTests.LabServer>
{
    [Fact]
    [Trait("Category", "Long")]
    public async Task Dashboard_BehindAProxyWithoutWebSockets_StartsSignsInAndIsLive()
    {
        await using IBrowserContext context = await dashboard.NewContextAsync();
        IPage page = await Dashboard.NewPageAsync(context);

        await page.GotoAsync(new Uri(lab.Proxy.Address, "/lab/queue").ToString());
        await Dashboard.ArriveAsync(page, "^/lab/login\\?return=%2Fqueue$");
        await page.GetByTestId("login-key").FillAsync(lab.Key.Secret);
        await page.GetByTestId("login-submit").ClickAsync();
        await Dashboard.ArriveAsync(page, "^/lab/queue$");
        await Expect(page.GetByTestId("live-state")).ToContainTextAsync("Live by long polling");

        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Runs", Exact = true }).ClickAsync();
        await Dashboard.ArriveAsync(page, "^/lab/runs$");
        RunDocument run = await lab.Api.SubmitAsync("""{"name":"under the lab","notes":"steps=2"}""");
        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "under the lab" }).First.ClickAsync();
        await Dashboard.ArriveAsync(page, $"^/lab/runs/{run.Id}$");
        await Expect(page.Locator("body")).ToContainTextAsync("Completed", new LocatorAssertionsToContainTextOptions { IgnoreCase = true });
        IDownload download = await page.RunAndWaitForDownloadAsync(() => page.GetByTestId("adapter").ClickAsync());
        Assert.Contains($"/lab/api/v1/runs/{run.Id}/adapter", download.Url, StringComparison.Ordinal);

        await page.GotoAsync(new Uri(lab.Proxy.Address, "/lab/api-docs").ToString());
        await Expect(page.Locator("body")).ToContainTextAsync("/api/v1/runs");
        await page.CloseAsync();
    }

    [Theory]
    [Trait("Category", "Exhaustive")]
    [InlineData("/queue?from=mail", "^/lab/queue\\?from=mail$")]
    [InlineData("/", "^/lab/(runs)?$")]
    public async Task Dashboard_WithoutAProxy_ArrivesUnderThePath(string path, string arrived)
    {
        await using IBrowserContext context = await dashboard.NewContextAsync();
        IPage page = await Dashboard.OpenAsync(context, new Uri(lab.Open.Address, path));

        await Dashboard.ArriveAsync(page, arrived);
        await Expect(page.GetByTestId("live-state")).ToHaveTextAsync("Live");
        await page.CloseAsync();
    }

    /// <summary>A server under <c>/lab</c> with a key behind a proxy, and one without.</summary>
    public sealed class LabServer : IAsyncLifetime
    {
        internal ServerKey Key { get; } = new("lab", "submit");

        internal ServerProcess Server { get; private set; } = null!;

        internal ServerProcess Open { get; private set; } = null!;

        internal PublishingProxy Proxy { get; private set; } = null!;

        internal RunApi Api => new(Server.Http);

        public async ValueTask InitializeAsync()
        {
            Server = await StartAsync(ServerKey.Environment(Key));
            Server.Http.DefaultRequestHeaders.Authorization = Key.Header;
            Open = await StartAsync(new Dictionary<string, string>());
            Proxy = new PublishingProxy(Server.Address, "/lab");
        }

        public async ValueTask DisposeAsync()
        {
            Proxy?.Dispose();
            foreach (ServerProcess? server in (ServerProcess?[])[Server, Open])
            {
                if (server is not null)
                {
                    await server.DisposeAsync();
                }
            }
        }

        private static Task<ServerProcess> StartAsync(IReadOnlyDictionary<string, string> environment) =>
            ServerProcess.StartAsync(ScriptedServer.Setup with
            {
                Environment = new Dictionary<string, string>(environment) { ["LoraLab__PathBase"] = "/lab" },
            });
    }
}
