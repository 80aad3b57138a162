using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace LoraLab.Tests.Support;

/// <summary>
/// A real file system of a few MiB in memory. Mounting one needs root with the right to mount, as in the containers of CI; where that is
/// missing the test is skipped with the system's own words.
/// </summary>
internal sealed class SmallDisk : IDisposable
{
    private const string Ballast = "ballast";

    private readonly TemporaryFolder folder = new();

    public SmallDisk(int mebibytes)
    {
        if (!OperatingSystem.IsLinux())
        {
            folder.Dispose();
            Assert.Skip("A file system in memory (tmpfs) is for Linux.");
        }

        (int code, string said) = Run("mount", "-t", "tmpfs", "-o", string.Create(CultureInfo.InvariantCulture, $"size={mebibytes}m"), "tmpfs", Path);
        if (code != 0)
        {
            folder.Dispose();
            Assert.Skip($"No file system can be mounted here: {said}");
        }
    }

    public string Path => folder.Path;

    public long FreeBytes => new DriveInfo(Path).AvailableFreeSpace;

    /// <summary>Takes room until only so much is left.</summary>
    public void Fill(long leave = 0)
    {
        using FileStream file = new(System.IO.Path.Combine(Path, Ballast), FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
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
        // Lazily: a process that was killed may still be about to leave it.
        Require(Run("umount", "-l", Path));
        folder.Dispose();
    }

    private static void Require((int Code, string Said) result) => Assert.True(result.Code == 0, result.Said);

    private static (int Code, string Said) Run(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            string said = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, said.Trim());
        }
        catch (System.ComponentModel.Win32Exception absent)
        {
            return (1, absent.Message);
        }
    }
}
