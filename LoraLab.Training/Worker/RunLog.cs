using System.Globalization;
using LoraLab.Contracts.Worker;

namespace LoraLab.Training.Worker;

/// <summary>The readable log of an attempt. The server appends the process's stray output to the same file.</summary>
public sealed class RunLog(string attemptFolder, TimeProvider clock, Action<string>? heard = null)
{
    private readonly string _path = Path.Combine(attemptFolder, RunFiles.Log);

    /// <summary>Appends a line with the time, UTC.</summary>
    public void Write(string message)
    {
        string line = string.Create(CultureInfo.InvariantCulture, $"{clock.GetUtcNow():yyyy-MM-dd HH:mm:ss.fff}Z {message}");
        using (FileStream file = new(_path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete))
        using (StreamWriter writer = new(file))
        {
            writer.Write(line + "\n");
        }

        heard?.Invoke(message);
    }
}
