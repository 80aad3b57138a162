using System.Diagnostics;

namespace LoraLab.Tests.Support;

/// <summary>Installs programs that tests need from Debian's packages, where that is allowed: as root.</summary>
internal static class DebianPackages
{
    private const string AptGet = "/usr/bin/apt-get";

    private static readonly SemaphoreSlim _oneByOne = new(1, 1);

    /// <summary>Installs packages; false: this system or user cannot.</summary>
    public static async Task<bool> InstallAsync(params string[] packages)
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess || !File.Exists(AptGet))
        {
            return false;
        }

        await _oneByOne.WaitAsync();
        try
        {
            return await RunAsync(AptGet, "update", "-qq")
                && await RunAsync(AptGet, ["install", "-y", "-qq", "--no-install-recommends", .. packages]);
        }
        finally
        {
            _oneByOne.Release();
        }
    }

    /// <summary>Whether a program ends with success.</summary>
    public static async Task<bool> RunAsync(string program, params string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DEBIAN_FRONTEND"] = "noninteractive";
        using Process process = Process.Start(start)!;
        await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync(), process.WaitForExitAsync());
        return process.ExitCode == 0;
    }
}
