using System.Globalization;
using LoraLab.Files;

namespace LoraLab.Server.Infrastructure;

/// <summary>Locks the data directory against a second server for the lifetime of this process.</summary>
internal sealed class DataDirectoryLock : IDisposable
{
    private readonly FileStream _file;

    public DataDirectoryLock(LoraLabPaths paths)
    {
        string owner = Path.Combine(paths.DataDirectory, "server.pid");
        try
        {
            Directory.CreateDirectory(paths.RunsDirectory);
            _file = new FileStream(
                Path.Combine(paths.DataDirectory, "server.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException error) when (FileLock.IsHeld(error))
        {
            throw new StartFailure($"Another LoraLab server{Who(owner)} is using the data directory {paths.DataDirectory}; stop it, "
                + "or set LoraLab:DataDirectory to another folder.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StartFailure($"The data directory {paths.DataDirectory} is not writable ({error.Message.TrimEnd('.')}); "
                + "make it writable, or set LoraLab:DataDirectory to another folder.");
        }

        try
        {
            File.WriteAllText(owner, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Only informs another server; on a full disk the data can still be read.
        }
    }

    public void Dispose() => _file.Dispose();

    private static string Who(string owner)
    {
        try
        {
            return File.ReadAllText(owner) is { Length: > 0 } process ? $" (process {process})" : "";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
