using LoraLab.Tests.Server;
using LoraLab.Tests.Support;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace LoraLab.Tests.EndToEnd;

/// <summary>Signing in with a browser.</summary>
[Collection(nameof(ScriptedDashboard))]
public sealed class SignInPageTests(
    ScriptedDashboard dashboard, SignInPageTests.LockedServer locked) : IClassFixture<SignInPageTests.LockedServer>
{
    [Fact]
    public async Task Page_OfAServerWithKeys_RedirectsToSignInAndBackAndSignsOut()
    {
        (ServerKey key, ServerProcess server) = (locked.Submit, locked.Server);
        await using IBrowserContext context = await dashboard.NewContextAsync();
        IPage page = await Dashboard.NewPageAsync(context);

        await page.GotoAsync(new Uri(server.Address, "/queue?from=mail").ToString());
        await Dashboard.ArriveAsync(page, "^/login\\?return=%2Fqueue%3Ffrom%3Dmail$");
        await page.GetByTestId("login-key").FillAsync("loralab_wrong");
        await page.GetByTestId("login-submit").ClickAsync();
        await Expect(page.GetByTestId("login-error")).ToContainTextAsync("This key is unknown to the server");

        await page.GetByTestId("login-key").FillAsync(key.Secret);
        await page.GetByTestId("login-submit").ClickAsync();
        await Dashboard.ArriveAsync(page, "^/queue\\?from=mail$");
        await Expect(page.GetByTestId("live-state")).ToContainTextAsync("Live");
        Assert.DoesNotContain(
            key.Secret,
            await page.EvaluateAsync<string>("document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage)"),
            StringComparison.Ordinal);

        // An action that the key does not allow is reported, not ignored.
        await page.GetByTestId("pause").ClickAsync();
        await Expect(page.GetByText("requires a key with the scope admin")).ToBeVisibleAsync();

        await Dashboard.FollowAsync(page, "/runs");
        Assert.Contains("/queue?from=mail", (await LastViewTests.KeptAsync(page)).Keys);
        await page.GetByTestId("session-menu").GetByRole(AriaRole.Button).First.ClickAsync();
        await page.GetByText("Sign out").ClickAsync();
        await Dashboard.ArriveAsync(page, "^/login");
        // The browser keeps nothing of what it has shown.
        Assert.Empty(await LastViewTests.KeptAsync(page));
        await page.GotoAsync(new Uri(server.Address, "/runs").ToString());
        await Dashboard.ArriveAsync(page, "^/login\\?return=%2Fruns$");
        await Expect(page.Locator("iframe")).ToHaveCountAsync(0);
        Assert.Empty(await LastViewTests.KeptAsync(page));
        await page.CloseAsync();
    }

    [Fact]
    [Trait("Category", "Long")]
    public async Task SignIn_WithAForeignReturnUrl_StaysOnTheServer()
    {
        (ServerKey key, ServerProcess server) = (locked.Read, locked.Server);
        // One profile for all, whose cache avoids downloading the dashboard again.
        await using IBrowserContext context = await dashboard.NewContextAsync();
        foreach (string target in (string[])["/\\evil.example", "javascript:alert(1)"])
        {
            await context.ClearCookiesAsync();
            IPage page = await Dashboard.NewPageAsync(context);
            await page.GotoAsync(new Uri(server.Address, $"/login?return={Uri.EscapeDataString(target)}").ToString());
            await page.GetByTestId("login-key").FillAsync(key.Secret);
            await page.GetByTestId("login-submit").ClickAsync();
            await page.Locator(".shell").WaitForAsync();

            Assert.Equal(server.Address.Authority, new Uri(page.Url).Authority);
            await page.CloseAsync();
        }
    }

    /// <summary>A server that requires a key.</summary>
    public sealed class LockedServer : IAsyncLifetime
    {
        internal ServerKey Submit { get; } = new("lab", "submit");

        internal ServerKey Read { get; } = new("reader", "read");

        internal ServerProcess Server { get; private set; } = null!;

        public async ValueTask InitializeAsync() =>
            Server = await ServerProcess.StartAsync(ScriptedServer.Setup with { Environment = ServerKey.Environment(Submit, Read) });

        public async ValueTask DisposeAsync()
        {
            if (Server is not null)
            {
                await Server.DisposeAsync();
            }
        }
    }
}
