using System.Globalization;
using LoraLab.Contracts.Worker;

namespace LoraLab.Training.Training.Recording;

/// <summary>
/// The readable log of an attempt, a line with the time, UTC, at a time. A file has one writer: on the command line that is the
/// trainer; under a server the lines go to stderr, and the server writes them to the file with the process's stray output.
/// </summary>
public sealed class RunLog(Action<string> write, TimeProvider clock)
{
    /// <summary>A log that is the attempt's file; each message also goes to <paramref name="heard"/>.</summary>
    public static RunLog ToFile(string attemptFolder, TimeProvider clock, Action<string>? heard = null)
    {
        string path = Path.Combine(attemptFolder, RunFiles.Log);
        return new(
            line =>
            {
                File.AppendAllText(path, line + "\n");
                heard?.Invoke(line);
            },
            clock);
    }

    /// <summary>A log that is a stream somebody else reads.</summary>
    public static RunLog ToStream(TextWriter stream, TimeProvider clock) => new(
        line =>
        {
            stream.WriteLine(line);
            stream.Flush();
        },
        clock);

    /// <summary>Writes a line.</summary>
    public void Write(string message) => write(string.Create(CultureInfo.InvariantCulture, $"{clock.GetUtcNow():yyyy-MM-dd HH:mm:ss.fff}Z {message}"));
}
