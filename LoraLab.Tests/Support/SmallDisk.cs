using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace LoraLab.Tests.Support;

/// <summary>
/// A real file system of a few MiB in memory. Mounting it requires root and the mount capability, as in the CI containers; without them the
/// test is skipped with the error of the system.
/// </summary>
internal sealed class SmallDisk : IDisposable
{
    private const string Ballast = "ballast";

    private readonly TemporaryFolder _folder = new();

    public SmallDisk(int mebibytes)
    {
        if (!OperatingSystem.IsLinux())
        {
            _folder.Dispose();
            Assert.Skip("tmpfs requires Linux.");
        }

        (int code, string error) =
            Run("mount", "-t", "tmpfs", "-o", string.Create(CultureInfo.InvariantCulture, $"size={mebibytes}m"), "tmpfs", Path);
        if (code != 0)
        {
            _folder.Dispose();
            Assert.Skip($"tmpfs cannot be mounted: {error}");
        }
    }

    public string Path => _folder.Path;

    public long FreeBytes => new DriveInfo(Path).AvailableFreeSpace;

    /// <summary>Fills the disk until only <paramref name="leave"/> bytes are free.</summary>
    public void Fill(long leave = 0)
    {
        using FileStream file = new(
            System.IO.Path.Combine(Path, Ballast), FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
        byte[] page = new byte[4096];
        try
        {
            while (FreeBytes > leave)
            {
                file.Write(page);
            }
        }
        catch (IOException)
        {
            // Full.
        }
    }

    public void Free() => File.Delete(System.IO.Path.Combine(Path, Ballast));

    public void MakeReadOnly() => Require(Run("mount", "-o", "remount,ro", Path));

    public void Dispose()
    {
        // Lazy unmount: a killed process may still be using it.
        Require(Run("umount", "-l", Path));
        _folder.Dispose();
    }

    private static void Require((int Code, string Error) result) => Assert.True(result.Code == 0, result.Error);

    private static (int Code, string Error) Run(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            string error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, error.Trim());
        }
        catch (System.ComponentModel.Win32Exception absent)
        {
            return (1, absent.Message);
        }
    }
}
