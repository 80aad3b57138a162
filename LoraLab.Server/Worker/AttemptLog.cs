using System.Text;
using LoraLab.Contracts.Live;
using LoraLab.Server.Live;

namespace LoraLab.Server.Worker;

/// <summary>The log of an attempt: lines go to the file at once, and to subscribers when <see cref="Publish"/> is called.</summary>
internal sealed class AttemptLog : IDisposable
{
    private const long MaximumBytes = 32L << 20;
    private const int MaximumLine = 16 * 1024;

    private readonly Lock gate = new();
    private readonly FileStream file;
    private readonly string runId;
    private readonly LiveFeed feed;
    private readonly StringBuilder unpublished = new();
    private long published;
    private bool closed;

    public AttemptLog(string path, string runId, LiveFeed feed)
    {
        this.runId = runId;
        this.feed = feed;
        file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        published = file.Position;
    }

    public void Write(string line)
    {
        lock (gate)
        {
            if (closed)
            {
                return;
            }

            string text = (line.Length <= MaximumLine ? line : line[..MaximumLine] + " …") + "\n";
            if (file.Position + Encoding.UTF8.GetByteCount(text) > MaximumBytes)
            {
                text = "The log is full; what follows is not kept.\n";
                closed = true;
            }

            file.Write(Encoding.UTF8.GetBytes(text));
            file.Flush();
            unpublished.Append(text);
        }
    }

    public void Publish()
    {
        lock (gate)
        {
            if (unpublished.Length > 0)
            {
                feed.Tell(runId, LiveEventTypes.RunLog, new LogChunk(published, file.Position, unpublished.ToString()));
                unpublished.Clear();
                published = file.Position;
            }
        }
    }

    public void Dispose()
    {
        Publish();
        lock (gate)
        {
            closed = true;
            file.Dispose();
        }
    }
}
