using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.RegularExpressions;
using LoraLab.Tests.Support;
using Microsoft.Playwright;
using Xunit;

namespace LoraLab.Tests.EndToEnd;

/// <summary>The built server and a browser; one for all tests of a collection. The two collections run in parallel.</summary>
public abstract class Dashboard : IAsyncLifetime
{
    /// <summary>The timeout of an expectation, in milliseconds, on a two-core machine that runs other tests.</summary>
    internal const int TimeoutMs = 90_000;

    /// <summary>The timeout of several consecutive runs on such a machine.</summary>
    internal static readonly TimeSpan RunTimeout = TimeSpan.FromMinutes(4);

    private static readonly ConcurrentQueue<string> _violations = new();

    private readonly ServerSetup _setup;
    private readonly ConcurrentStack<IPage> _idle = new();
    private IPlaywright? _playwright;
    private IBrowser? _browser;
    private IBrowserContext? _context;

    private protected Dashboard(ServerSetup setup) => _setup = setup;

    internal ServerProcess Server { get; private set; } = null!;

    internal RunApi Api { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Server = await ServerProcess.StartAsync(_setup);
        Api = new RunApi(Server.Http);
        Assertions.SetDefaultExpectTimeout(TimeoutMs);
        _playwright = await Playwright.CreateAsync();
        _browser = await Chromium.LaunchAsync(_playwright);
        _context = await NewContextAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
        if (Server is not null)
        {
            await Server.DisposeAsync();
        }

        AssertNoViolations();
        GC.SuppressFinalize(this);
    }

    /// <summary>Asserts that no page opened so far has violated the content security policy.</summary>
    internal static void AssertNoViolations() =>
        Assert.True(
            _violations.IsEmpty,
            $"The content security policy was violated:{Environment.NewLine}{string.Join(Environment.NewLine, _violations.Distinct())}");

    /// <summary>
    /// Opens a page of the dashboard and waits until it is loaded. A page that an earlier test has given back goes there by a link, since
    /// starting the dashboard takes seconds of both cores; tests that are about starting open a page of their own context.
    /// </summary>
    internal async Task<IPage> OpenAsync(string path)
    {
        if (!_idle.TryPop(out IPage? page))
        {
            return await OpenAsync(_context!, new Uri(Server.Address, path));
        }

        AssertNoViolations();
        await page.EvaluateAsync("path => Blazor.navigateTo(path)", path);
        await Assertions.Expect(Left(page)).ToHaveCountAsync(0);
        return page;
    }

    /// <summary>Leaves the page, which a later test opens again. One that a failing test leaves open is not used again.</summary>
    internal async Task GiveBackAsync(IPage page)
    {
        await FollowAsync(page, "/not-found");
        await Left(page).WaitForAsync();
        _idle.Push(page);
    }

    // What a page shows while no test uses it.
    private static ILocator Left(IPage page) => page.GetByText("The link may be mistyped");

    internal static async Task<IPage> OpenAsync(IBrowserContext context, Uri address)
    {
        IPage page = await NewPageAsync(context);
        await page.GotoAsync(address.ToString());
        await page.Locator(".shell").WaitForAsync();
        return page;
    }

    /// <summary>Navigates like a link of the dashboard, without reloading it, which would take seconds.</summary>
    internal static async Task FollowAsync(IPage page, string path)
    {
        await page.EvaluateAsync("path => Blazor.navigateTo(path)", path);
        await ArriveAsync(page, $"^{Regex.Escape(path)}$");
    }

    /// <summary>Creates an empty page whose violations of the content security policy are recorded.</summary>
    internal static async Task<IPage> NewPageAsync(IBrowserContext context)
    {
        // Each test reports violations of earlier ones; those of the last are reported when the browser closes.
        AssertNoViolations();
        IPage page = await context.NewPageAsync();
        page.SetDefaultTimeout(TimeoutMs);
        page.Console += (_, message) =>
        {
            if (message.Text.Contains("Content Security Policy", StringComparison.OrdinalIgnoreCase))
            {
                _violations.Enqueue($"{page.Url}: {message.Text}");
            }
        };
        return page;
    }

    /// <summary>Waits until path and query of the page match; on a timeout, fails with the page's text.</summary>
    internal static async Task ArriveAsync(IPage page, string pathAndQuery)
    {
        Regex expected = new(pathAndQuery);
        Stopwatch stopwatch = Stopwatch.StartNew();
        while (!expected.IsMatch(new Uri(page.Url).PathAndQuery))
        {
            if (stopwatch.ElapsedMilliseconds > TimeoutMs)
            {
                Assert.Fail($"The page is at {page.Url}, not at {pathAndQuery}. It "
                    + $"shows:{Environment.NewLine}{await page.Locator("body").InnerTextAsync()}");
            }

            await Task.Delay(50);
        }
    }

    /// <summary>Creates a separate browser profile.</summary>
    internal async Task<IBrowserContext> NewContextAsync(ColorScheme scheme = ColorScheme.Light, bool withoutPolicy = false) =>
        await _browser!.NewContextAsync(new BrowserNewContextOptions
        {
            ViewportSize = new ViewportSize { Width = 1440, Height = 900 },
            ColorScheme = scheme,
            BypassCSP = withoutPolicy,
        });
}
