using LoraLab.Tests.Support;
using Microsoft.Playwright;

namespace LoraLab.Tests.EndToEnd;

/// <summary>
/// Finds or installs Chromium: an installed one, else Debian's package (as root), else Playwright's download. If there is none, the
/// browser tests fail with a message that says what to install.
/// </summary>
internal static class Chromium
{
    private static readonly string[] _names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge"];

    public static async Task<IBrowser> LaunchAsync(IPlaywright playwright)
    {
        string? executable = await FindAsync() ?? await InstallWithAptAsync();
        if (executable is null && !InstallWithPlaywright())
        {
            throw new InvalidOperationException(
                "The browser tests need Chromium, which could not be installed: install it (Debian: apt-get install chromium; elsewhere: "
                    + "Google Chrome or Microsoft Edge) and run the tests again.");
        }

        return await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = executable,
            // The sandbox does not start as root, as in a container.
            Args = Environment.IsPrivilegedProcess ? ["--no-sandbox"] : [],
        });
    }

    private static async Task<string?> FindAsync()
    {
        foreach (string candidate in Candidates().Where(File.Exists))
        {
            // Ubuntu has a stub of that name that only asks to install a snap.
            if (OperatingSystem.IsWindows() || await DebianPackages.RunAsync(candidate, "--version"))
            {
                return candidate;
            }
        }

        return null;
    }

    private static IEnumerable<string> Candidates()
    {
        if (OperatingSystem.IsWindows())
        {
            string[] roots =
            [
                Environment.GetFolderPath(Environment.SpecialFolder.ProgramFiles),
                Environment.GetFolderPath(Environment.SpecialFolder.ProgramFilesX86),
            ];
            return roots.SelectMany(root => (string[])
            [
                Path.Combine(root, "Google", "Chrome", "Application", "chrome.exe"),
                Path.Combine(root, "Microsoft", "Edge", "Application", "msedge.exe"),
            ]);
        }

        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return _names.SelectMany(name => folders.Select(folder => Path.Combine(folder, name)))
            .Append("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome");
    }

    private static async Task<string?> InstallWithAptAsync() =>
        await DebianPackages.InstallAsync("chromium", "fonts-dejavu-core") ? await FindAsync() : null;

    private static bool InstallWithPlaywright()
    {
        string[] dependencies = OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess ? ["--with-deps"] : [];
        return Microsoft.Playwright.Program.Main(["install", .. dependencies, "chromium"]) == 0;
    }
}
