using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Files;
using LoraLab.Server.Infrastructure;

namespace LoraLab.Server.Storage.Records;

/// <summary>
/// What a rebuilt database must know beside the runs: <c>store.json</c> holds whether the queue is paused, and a number that the counter of
/// live events stays below, so that a number is never given twice. Clients of the lost database see that they are behind and begin anew.
/// </summary>
internal sealed class StoreStateFile
{
    private const long Block = 10_000;

    private readonly string path;
    private volatile Content content;

    // What was asked for last and may not be written yet: what is asked for next follows it, not the file.
    private volatile Content requested;

    public StoreStateFile(LoraLabPaths paths)
    {
        path = Path.Combine(paths.DataDirectory, "store.json");
        content = requested = Read();
    }

    public bool Paused => content.Paused;

    /// <summary>Where the counter goes on when the database has <paramref name="seq"/>: far behind what was given out, it is another database.</summary>
    public long ResumeSeq(long seq) => seq + Block < content.SeqBelow ? content.SeqBelow : seq;

    /// <summary>Whether numbers up to <paramref name="seq"/> may be given out.</summary>
    public bool Covers(long seq) => seq < content.SeqBelow;

    /// <summary>
    /// What must be written when the counter comes to <paramref name="seq"/>: in time, so that nobody waits for it; null: it is good as it is, or
    /// will be when what was asked for is written.
    /// </summary>
    public Content? Next(long seq, bool paused)
    {
        Content now = requested;
        bool low = seq + (Block / 2) >= now.SeqBelow;
        return low || paused != now.Paused ? new Content(paused, low ? seq + Block : now.SeqBelow) : null;
    }

    /// <summary>What <see cref="Next"/> said was asked for: it is written, or refused by the disk, before what is asked for later.</summary>
    public Content? MarkRequested(Content? next)
    {
        requested = next ?? requested;
        return next;
    }

    /// <summary>Writes it; what the disk said, if it refused.</summary>
    public Exception? TryWrite(Content next)
    {
        try
        {
            DurableFile.WriteAllText(path, JsonSerializer.Serialize(next, ContractJson.Indented) + "\n");
            content = next;
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Whoever comes next asks for it again.
            Interlocked.CompareExchange(ref requested, content, next);
            return error;
        }
    }

    private Content Read()
    {
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize<Content>(File.ReadAllText(path), ContractJson.Options) ?? new(false, 0) : new(false, 0);
        }
        catch (JsonException)
        {
            return new(false, 0);
        }
    }

    /// <summary>What the file holds.</summary>
    /// <param name="Paused">The queue is.</param>
    /// <param name="SeqBelow">All numbers that were given out are below.</param>
    internal sealed record Content(bool Paused, long SeqBelow);
}
