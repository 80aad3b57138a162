using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Files;
using LoraLab.Server.Infrastructure;

namespace LoraLab.Server.Storage.Records;

/// <summary>
/// State that a rebuilt database needs besides the runs: <c>store.json</c> holds whether the queue is paused, and an upper bound of the
/// issued live event numbers, so that no number is issued twice. Clients of the lost database see that they are behind and get a snapshot.
/// </summary>
internal sealed class StoreStateFile
{
    private const long Block = 10_000;

    private readonly string _path;
    private volatile Content _content;

    // The last requested content, which may not be written yet: the next one follows it, not the file.
    private volatile Content _requested;

    public StoreStateFile(LoraLabPaths paths)
    {
        _path = Path.Combine(paths.DataDirectory, "store.json");
        _content = _requested = Read();
    }

    public bool Paused => _content.Paused;

    /// <summary>
    /// The number to continue from when the database has <paramref name="seq"/>: far below the issued numbers, it is another database.
    /// </summary>
    public long ResumeSeq(long seq) => seq + Block < _content.SeqBelow ? _content.SeqBelow : seq;

    /// <summary>Whether numbers up to <paramref name="seq"/> may be issued.</summary>
    public bool Covers(long seq) => seq < _content.SeqBelow;

    /// <summary>
    /// The content to write when the counter reaches <paramref name="seq"/>, early enough that no transaction waits for it; null: the
    /// current or requested content is sufficient.
    /// </summary>
    public Content? Next(long seq, bool paused)
    {
        Content now = _requested;
        bool low = seq + (Block / 2) >= now.SeqBelow;
        return low || paused != now.Paused ? new Content(paused, low ? seq + Block : now.SeqBelow) : null;
    }

    /// <summary>Remembers content of <see cref="Next"/> that was enqueued: it is written, or fails, before any later content.</summary>
    public Content? MarkRequested(Content? next)
    {
        _requested = next ?? _requested;
        return next;
    }

    /// <summary>Writes the content; returns the error if that fails.</summary>
    public Exception? TryWrite(Content next)
    {
        try
        {
            DurableFile.WriteAllText(_path, JsonSerializer.Serialize(next, ContractJson.Indented) + "\n");
            _content = next;
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The next transaction requests it again.
            Interlocked.CompareExchange(ref _requested, _content, next);
            return error;
        }
    }

    /// <summary>Writes what belongs to another database, which takes the place of the one that the file was about.</summary>
    public void Restart(long seq, bool paused) =>
        DurableFile.WriteAllText(_path, JsonSerializer.Serialize(new Content(paused, seq + Block), ContractJson.Indented) + "\n");

    private Content Read()
    {
        try
        {
            return File.Exists(_path)
                ? JsonSerializer.Deserialize<Content>(File.ReadAllText(_path), ContractJson.Options) ?? new(false, 0)
                : new(false, 0);
        }
        catch (JsonException)
        {
            return new(false, 0);
        }
    }

    /// <summary>Content of the file.</summary>
    /// <param name="Paused">Whether the queue is paused.</param>
    /// <param name="SeqBelow">Exclusive upper bound of all issued numbers.</param>
    internal sealed record Content(bool Paused, long SeqBelow);
}
