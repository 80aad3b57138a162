using System.ComponentModel;
using System.Diagnostics;
using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Workers;

/// <summary>
/// The process of an attempt whose server died. Its id may have been reused by another program, so the start time must match too, or,
/// if the clock was set meanwhile, the attempt's event file must still be held open: a worker keeps it open for its whole lifetime.
/// </summary>
internal static class OrphanedWorker
{
    /// <summary>The system reports start times to a hundredth of a second, and not always consistently.</summary>
    private static readonly TimeSpan _sameStart = TimeSpan.FromSeconds(2);

    /// <summary>The process; null: it has exited.</summary>
    /// <param name="attempt">The attempt.</param>
    /// <param name="eventFile">Its event file.</param>
    public static Process? Find(RunAttempt attempt, string eventFile)
    {
        if (attempt.ProcessId is not int id || attempt.ProcessStartedAt is not { } startedAt)
        {
            return null;
        }

        try
        {
            Process process = Process.GetProcessById(id);
            if (!process.HasExited
                && ((process.StartTime.ToUniversalTime() - startedAt.UtcDateTime).Duration() < _sameStart || IsHeld(eventFile)))
            {
                return process;
            }

            process.Dispose();
        }
        catch (Exception exited) when (exited is ArgumentException or InvalidOperationException or Win32Exception)
        {
            // No such process.
        }

        return null;
    }

    private static bool IsHeld(string path)
    {
        try
        {
            using FileStream alone = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return false;
        }
        catch (Exception absent) when (absent is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
        {
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }
}
