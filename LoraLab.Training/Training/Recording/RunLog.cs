using System.Globalization;
using LoraLab.Contracts.Worker;

namespace LoraLab.Training.Training.Recording;

/// <summary>
/// The text log of an attempt, one line per message with its UTC time. The file has one writer: the trainer on the command line; under
/// a server, the lines go to stderr, and the server writes them to the file together with other output of the process.
/// </summary>
public sealed class RunLog(Action<string> write, TimeProvider clock)
{
    /// <summary>Creates a log that writes to the attempt's file and passes each line to <paramref name="onWritten"/>.</summary>
    public static RunLog ToFile(string attemptFolder, TimeProvider clock, Action<string>? onWritten = null)
    {
        string path = Path.Combine(attemptFolder, RunFiles.Log);
        return new(
            line =>
            {
                File.AppendAllText(path, line + "\n");
                onWritten?.Invoke(line);
            },
            clock);
    }

    /// <summary>Creates a log that writes to a stream.</summary>
    public static RunLog ToStream(TextWriter stream, TimeProvider clock) => new(
        line =>
        {
            stream.WriteLine(line);
            stream.Flush();
        },
        clock);

    /// <summary>Writes a line.</summary>
    public void Write(string message) =>
        write(string.Create(CultureInfo.InvariantCulture, $"{clock.GetUtcNow():yyyy-MM-dd HH:mm:ss.fff}Z {message}"));
}
