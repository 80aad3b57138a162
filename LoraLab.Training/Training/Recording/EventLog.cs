using System.Text;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Worker;

namespace LoraLab.Training.Training.Recording;

/// <summary>
/// The events of one attempt: numbered from 1, appended to <c>events.jsonl</c> and only then told to a listener.
/// The file is the truth; whoever listens may miss lines and read them there.
/// </summary>
public sealed class EventLog : IDisposable
{
    private readonly FileStream _file;
    private readonly TimeProvider _clock;
    private readonly Action<string>? _heard;
    private long _last;

    /// <summary>Events for an attempt's folder. The file is held open, so that a second writer is refused.</summary>
    public EventLog(string attemptFolder, TimeProvider clock, Action<string>? heard = null)
    {
        _file = new FileStream(Path.Combine(attemptFolder, RunFiles.Events), FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);
        _clock = clock;
        _heard = heard;
    }

    /// <summary>Numbers, dates and appends an event.</summary>
    public void Append(WorkerEvent happened)
    {
        WorkerEvent numbered = happened with { Number = _last + 1, At = _clock.GetUtcNow() };
        string line = JsonSerializer.Serialize(numbered, ContractJson.Options);
        long end = _file.Position;
        try
        {
            _file.Write(Encoding.UTF8.GetBytes(line + "\n"));
        }
        catch (IOException)
        {
            // A full disk takes half a line; without it the next event stands on a line of its own again.
            _file.SetLength(end);
            throw;
        }

        _last++;
        _heard?.Invoke(line);
    }

    /// <summary>Waits until the disk itself has everything.</summary>
    public void FlushToDisk() => _file.Flush(flushToDisk: true);

    /// <inheritdoc />
    public void Dispose() => _file.Dispose();
}
