using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.RegularExpressions;
using LoraLab.Tests.Support;
using Microsoft.Playwright;
using Xunit;

namespace LoraLab.Tests.EndToEnd;

/// <summary>The built server, and a browser in front of it; one for all tests of a collection, of which there are two that run side by side.</summary>
public abstract class Dashboard : IAsyncLifetime
{
    /// <summary>Time for something that a two-core machine with other tests on it may take.</summary>
    internal const int Patience = 90_000;

    /// <summary>Time for some runs, one after the other, on such a machine.</summary>
    internal static readonly TimeSpan RunPatience = TimeSpan.FromMinutes(4);

    private static readonly ConcurrentQueue<string> s_violations = new();

    private readonly ServerSetup _setup;
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
        Assertions.SetDefaultExpectTimeout(Patience);
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

    /// <summary>No page that was opened so far has met the content security policy.</summary>
    internal static void AssertNoViolations() =>
        Assert.True(s_violations.IsEmpty, $"The content security policy was met:{Environment.NewLine}{string.Join(Environment.NewLine, s_violations.Distinct())}");

    /// <summary>A page at an address of the dashboard, loaded; the pages share their cache.</summary>
    internal async Task<IPage> OpenAsync(string path) => await OpenAsync(_context!, new Uri(Server.Address, path));

    internal static async Task<IPage> OpenAsync(IBrowserContext context, Uri address)
    {
        IPage page = await NewPageAsync(context);
        await page.GotoAsync(address.ToString());
        await page.Locator(".shell").WaitForAsync();
        return page;
    }

    /// <summary>Goes to another address as a link of the dashboard does: the page is not loaded again, which takes seconds.</summary>
    internal static async Task FollowAsync(IPage page, string path)
    {
        await page.EvaluateAsync("path => Blazor.navigateTo(path)", path);
        await ArriveAsync(page, $"^{Regex.Escape(path)}$");
    }

    /// <summary>An empty page whose meetings with the content security policy are noted.</summary>
    internal static async Task<IPage> NewPageAsync(IBrowserContext context)
    {
        // Each test says so for those before it, the last one's are told when the browser closes.
        AssertNoViolations();
        IPage page = await context.NewPageAsync();
        page.SetDefaultTimeout(Patience);
        page.Console += (_, message) =>
        {
            if (message.Text.Contains("Content Security Policy", StringComparison.OrdinalIgnoreCase))
            {
                s_violations.Enqueue($"{page.Url}: {message.Text}");
            }
        };
        return page;
    }

    /// <summary>Waits until the page is at an address whose path and query fit; says what it shows where that does not come.</summary>
    internal static async Task ArriveAsync(IPage page, string pathAndQuery)
    {
        Regex wanted = new(pathAndQuery);
        Stopwatch waited = Stopwatch.StartNew();
        while (!wanted.IsMatch(new Uri(page.Url).PathAndQuery))
        {
            if (waited.ElapsedMilliseconds > Patience)
            {
                Assert.Fail($"The page is at {page.Url}, not at {pathAndQuery}. It shows:{Environment.NewLine}{await page.Locator("body").InnerTextAsync()}");
            }

            await Task.Delay(50);
        }
    }

    /// <summary>A browser profile of its own.</summary>
    internal async Task<IBrowserContext> NewContextAsync(ColorScheme scheme = ColorScheme.Light, bool withoutPolicy = false) =>
        await _browser!.NewContextAsync(new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = 1440, Height = 900 }, ColorScheme = scheme, BypassCSP = withoutPolicy });
}
