using System.ComponentModel;
using System.Diagnostics;
using LoraLab.Contracts.Runs;
using LoraLab.Files;

namespace LoraLab.Server.Workers;

/// <summary>
/// The process of an attempt whose server died. It is ours only if three things agree: its id, its start time, and that it holds this
/// directory's own event file, which a worker keeps open for its whole lifetime. The id may have been reused by another program; id and
/// start time are also in every copy of the data directory, and would name the worker of a server that still uses the original.
/// </summary>
internal sealed class OrphanedWorker(RunAttempt attempt, string eventFile)
{
    /// <summary>The system reports start times to a hundredth of a second, and not always consistently.</summary>
    private static readonly TimeSpan _sameStart = TimeSpan.FromSeconds(2);

    /// <summary>What is known about the process at this moment.</summary>
    public OrphanState State
    {
        get
        {
            using Process? process = Find();
            bool held = FileLock.IsHeld(eventFile);
            return process is null && !held ? OrphanState.Gone
                : process is not null && held && HasOpen(process.Id) ? OrphanState.Ours
                : OrphanState.Unproven;
        }
    }

    /// <summary>Kills the process with its children, if it is ours at this moment.</summary>
    public void Kill()
    {
        if (State != OrphanState.Ours)
        {
            return;
        }

        try
        {
            using Process? process = Find();
            process?.Kill(entireProcessTree: true);
        }
        catch (Exception exited) when (exited is InvalidOperationException or Win32Exception or AggregateException)
        {
            // It has exited, or the system refuses.
        }
    }

    /// <summary>The process with the recorded id and start time; null: there is none.</summary>
    private Process? Find()
    {
        if (attempt.ProcessId is not int id || attempt.ProcessStartedAt is not { } startedAt)
        {
            return null;
        }

        try
        {
            Process process = Process.GetProcessById(id);
            if (!process.HasExited && (process.StartTime.ToUniversalTime() - startedAt.UtcDateTime).Duration() < _sameStart)
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

    /// <summary>
    /// Whether it is this process that holds the file, and under this name: a hard link is held too. Only Linux tells; elsewhere, the lock
    /// itself has to do.
    /// </summary>
    private bool HasOpen(int processId)
    {
        if (!OperatingSystem.IsLinux())
        {
            return true;
        }

        try
        {
            using FileStream own = new(eventFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            string? name = new FileInfo($"/proc/self/fd/{own.SafeFileHandle.DangerousGetHandle()}").LinkTarget;
            return name is not null
                && Directory.EnumerateFileSystemEntries($"/proc/{processId}/fd").Any(open => new FileInfo(open).LinkTarget == name);
        }
        catch (Exception unknown) when (unknown is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
