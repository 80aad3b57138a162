using System.Text;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Worker;
using Microsoft.Win32.SafeHandles;

namespace LoraLab.Training.Training.Recording;

/// <summary>
/// The event log of an attempt: events are numbered from 1, appended to <c>events.jsonl</c> and then passed to a listener.
/// The file is authoritative; a listener that misses lines reads them there.
/// </summary>
public sealed class EventLog : IDisposable
{
    private readonly FileStream _file;
    private readonly SafeFileHandle _handle;
    private readonly TimeProvider _clock;
    private readonly Action<string>? _onAppended;
    private long _last;

    /// <summary>Creates the event log in an attempt's folder. The file is kept open, so that a second writer fails.</summary>
    public EventLog(string attemptFolder, TimeProvider clock, Action<string>? onAppended = null)
    {
        _file = new FileStream(
            Path.Combine(attemptFolder, RunFiles.Events), FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);
        _handle = _file.SafeFileHandle;
        _clock = clock;
        _onAppended = onAppended;
    }

    /// <summary>Numbers, timestamps and appends an event.</summary>
    public void Append(WorkerEvent workerEvent)
    {
        WorkerEvent numbered = workerEvent with { Number = _last + 1, At = _clock.GetUtcNow() };
        string line = JsonSerializer.Serialize(numbered, ContractJson.Options);
        long end = _file.Position;
        try
        {
            _file.Write(Encoding.UTF8.GetBytes(line + "\n"));
        }
        catch (IOException)
        {
            // A full disk may leave half a line: truncate it, so that the next event starts on a new line.
            _file.SetLength(end);
            throw;
        }

        _last++;
        _onAppended?.Invoke(line);
    }

    /// <summary>Flushes all events that were appended before to disk; on any thread, beside appending.</summary>
    public void FlushToDisk() => RandomAccess.FlushToDisk(_handle);

    /// <inheritdoc />
    public void Dispose() => _file.Dispose();
}
