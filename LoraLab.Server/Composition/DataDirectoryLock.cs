using System.Globalization;

namespace LoraLab.Server.Composition;

/// <summary>Keeps a second server away from the data directory for as long as this process lives.</summary>
internal sealed class DataDirectoryLock : IDisposable
{
    private readonly FileStream file;

    public DataDirectoryLock(LoraLabPaths paths)
    {
        string owner = Path.Combine(paths.DataDirectory, "server.pid");
        try
        {
            Directory.CreateDirectory(paths.RunsDirectory);
            file = new FileStream(Path.Combine(paths.DataDirectory, "server.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            File.WriteAllText(owner, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        }
        catch (UnauthorizedAccessException)
        {
            throw new StartFailure($"The data directory {paths.DataDirectory} cannot be written; change its permissions or set LoraLab:DataDirectory.");
        }
        catch (IOException error) when (File.Exists(Path.Combine(paths.DataDirectory, "server.lock")))
        {
            string who = File.Exists(owner) ? $"process {File.ReadAllText(owner)}" : error.Message;
            throw new StartFailure($"Another LoraLab server ({who}) uses the data directory {paths.DataDirectory}; stop it, or set LoraLab:DataDirectory to another folder.");
        }
        catch (IOException error)
        {
            throw new StartFailure($"The data directory {paths.DataDirectory} cannot be used ({error.Message}); set LoraLab:DataDirectory to a folder that can be written.");
        }
    }

    public void Dispose() => file.Dispose();
}
