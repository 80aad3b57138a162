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

    private readonly Lock gate = new();
    private readonly FileStream file;
    private readonly string runId;
    private readonly LiveFeed feed;
    private readonly StringBuilder unpublished = new();
    private readonly Queue<string> held = new();
    private long published;
    private long left;
    private bool full;
    private bool closed;

    public AttemptLog(string path, string runId, LiveFeed feed)
    {
        this.runId = runId;
        this.feed = feed;
        // Unbuffered: a line that a full disk rejected must not be written when the file is closed.
        file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        published = file.Position;
    }

    public void Write(string text)
    {
        string line = text.Length <= MaximumLine ? text : text[..MaximumLine] + " …";
        lock (gate)
        {
            if (closed)
            {
                return;
            }

            if (!full && file.Position + Encoding.UTF8.GetByteCount(line) >= MaximumBytes)
            {
                full = true;
                Append($"LoraLab: the log has reached its size limit; only the last {LastLines} of the following lines are kept.");
            }

            if (full)
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
        lock (gate)
        {
            if (unpublished.Length > 0)
            {
                feed.PublishTransient(runId, LiveEventTypes.RunLog, new LogChunk(published, file.Position, unpublished.ToString()));
                unpublished.Clear();
                published = file.Position;
            }
        }
    }

    /// <summary>Called after the process exited: writes the end of a log that reached its limit, and closes it.</summary>
    public void Complete()
    {
        lock (gate)
        {
            if (!closed && held.Count > 0)
            {
                Append($"LoraLab: {left} lines were omitted here.");
                foreach (string line in held)
                {
                    Append(line);
                }
            }

            closed = true;
            held.Clear();
        }

        Publish();
    }

    public void Dispose()
    {
        Complete();
        file.Dispose();
    }

    private void Hold(string line)
    {
        held.Enqueue(line);
        if (held.Count > LastLines)
        {
            held.Dequeue();
            left++;
        }
    }

    private void Append(string line)
    {
        string text = line + "\n";
        long before = file.Position;
        try
        {
            file.Write(Encoding.UTF8.GetBytes(text));
        }
        catch (IOException)
        {
            // The run matters more than a line of its log.
            return;
        }

        if (unpublished.Length + text.Length > MaximumLive)
        {
            // Subscribers see a gap in the offsets and read it from the file.
            unpublished.Clear();
            published = before;
        }

        unpublished.Append(text);
    }
}
