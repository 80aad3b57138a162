using System.Text;
using LoraLab.Contracts.Live;
using LoraLab.Server.Live;

namespace LoraLab.Server.Workers;

/// <summary>
/// The log of an attempt: lines are written to the file immediately, and to subscribers when <see cref="Publish"/> is called. A log that
/// exceeds the limit keeps its beginning and its end. A failed write loses that line, never the run.
/// </summary>
internal sealed class AttemptLog : IDisposable
{
    private const long MaximumBytes = 32L << 20;
    private const int MaximumLine = 16 * 1024;
    private const int MaximumLive = 64 * 1024;
    private const int LastLines = 100;

    private readonly Lock _gate = new();
    private readonly FileStream _file;
    private readonly string _runId;
    private readonly LiveFeed _feed;
    private readonly StringBuilder _unpublished = new();
    private readonly Queue<string> _held = new();
    private long _published;
    private long _left;
    private bool _full;
    private bool _closed;

    public AttemptLog(string path, string runId, LiveFeed feed)
    {
        _runId = runId;
        _feed = feed;
        // Unbuffered: a line that a full disk rejected must not be written when the file is closed.
        _file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        _published = _file.Position;
    }

    public void Write(string text)
    {
        string line = text.Length <= MaximumLine ? text : text[..MaximumLine] + " …";
        lock (_gate)
        {
            if (_closed)
            {
                return;
            }

            if (!_full && _file.Position + Encoding.UTF8.GetByteCount(line) >= MaximumBytes)
            {
                _full = true;
                Append($"LoraLab: the log has reached its size limit; only the last {LastLines} of the following lines are kept.");
            }

            if (_full)
            {
                Hold(line);
            }
            else
            {
                Append(line);
            }
        }
    }

    public void Publish()
    {
        lock (_gate)
        {
            if (_unpublished.Length > 0)
            {
                _feed.PublishTransient(_runId, LiveEventTypes.RunLog, new LogChunk(_published, _file.Position, _unpublished.ToString()));
                _unpublished.Clear();
                _published = _file.Position;
            }
        }
    }

    /// <summary>Called after the process exited: writes the end of a log that reached its limit, and closes it.</summary>
    public void Complete()
    {
        lock (_gate)
        {
            if (!_closed && _held.Count > 0)
            {
                Append($"LoraLab: {_left} lines were omitted here.");
                foreach (string line in _held)
                {
                    Append(line);
                }
            }

            _closed = true;
            _held.Clear();
        }

        Publish();
    }

    public void Dispose()
    {
        Complete();
        _file.Dispose();
    }

    private void Hold(string line)
    {
        _held.Enqueue(line);
        if (_held.Count > LastLines)
        {
            _held.Dequeue();
            _left++;
        }
    }

    private void Append(string line)
    {
        string text = line + "\n";
        long before = _file.Position;
        try
        {
            _file.Write(Encoding.UTF8.GetBytes(text));
        }
        catch (IOException)
        {
            // The run matters more than a line of its log.
            return;
        }

        if (_unpublished.Length + text.Length > MaximumLive)
        {
            // Subscribers see a gap in the offsets and read it from the file.
            _unpublished.Clear();
            _published = before;
        }

        _unpublished.Append(text);
    }
}
