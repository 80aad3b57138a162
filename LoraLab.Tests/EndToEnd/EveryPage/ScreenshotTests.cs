using LoraLab.Tests.Support;
using Microsoft.Playwright;
using Xunit;

namespace LoraLab.Tests.EndToEnd.EveryPage;

/// <summary>
/// Takes a picture of every page of a running server, in both themes, on a desk and on a phone, to be looked at; and those that
/// <c>docs/tour.md</c> shows.
/// </summary>
public sealed class ScreenshotTests
{
    private static readonly string[] _tour = ["runs", "run-charts", "run-predictions", "compare", "playground", "queue", "study-matrix"];

    private static string? Server => Environment.GetEnvironmentVariable("LORALAB_SCREENSHOTS_OF");

    [Fact]
    [Trait("Category", "Screenshots")]
    public async Task EveryPage_OfTheServer_IsInThePictures()
    {
        Assert.SkipWhen(Server is null, "LORALAB_SCREENSHOTS_OF is not set; it is the address of a server with runs, a study and a sweep.");
        string folder = Path.Combine(Fixtures.RepositoryRoot, "artifacts", "screenshots");
        Directory.CreateDirectory(folder);
        using HttpClient http = new() { BaseAddress = new Uri(Server!) };
        using IPlaywright playwright = await Playwright.CreateAsync();
        await using IBrowser browser = await Chromium.LaunchAsync(playwright);
        IReadOnlyList<(string Name, string Address)> pages = await DashboardPages.OfAsync(new RunApi(http));
        foreach ((string size, int width, int height) in new[] { ("desk", 1440, 900), ("phone", 390, 844) })
        {
            await using IBrowserContext context = await browser.NewContextAsync(
                new() { ViewportSize = new() { Width = width, Height = height } });
            IPage page = await Dashboard.OpenAsync(context, http.BaseAddress);
            foreach (ColorScheme scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
            {
                await page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = scheme, ReducedMotion = ReducedMotion.Reduce });
                foreach ((string name, string address) in pages)
                {
                    await EveryPageTests.GoAsync(page, address);
                    string file = $"{name}-{size}-{scheme.ToString().ToLowerInvariant()}.png";
                    await page.ScreenshotAsync(new() { Path = Path.Combine(folder, file), FullPage = true });
                    if (scheme == ColorScheme.Light && size == "desk" && _tour.Contains(name))
                    {
                        await page.ScreenshotAsync(new() { Path = Tour(name) });
                    }
                }
            }
        }

        Assert.All(_tour, name => Assert.True(File.Exists(Tour(name)), $"{name} has no picture; the server lacks what it shows."));
    }

    private static string Tour(string name) => Path.Combine(Fixtures.RepositoryRoot, "docs", "images", "tour", name + ".png");
}
