using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Files;
using LoraLab.Server.Infrastructure;

namespace LoraLab.Server.Storage.Records;

/// <summary>
/// What a rebuilt database must know beside the runs: <c>store.json</c> holds whether the queue is paused, and a number that the counter of
/// live events stays below, so that a number is never given twice. Clients of the lost database see that they are behind and begin anew.
/// </summary>
internal sealed class StoreLedger
{
    private const long Block = 10_000;

    private readonly string path;
    private Content content;

    public StoreLedger(LoraLabPaths paths)
    {
        path = Path.Combine(paths.DataDirectory, "store.json");
        content = Read();
    }

    public bool Paused => content.Paused;

    /// <summary>Where the counter goes on when the database has <paramref name="seq"/>: far behind what was given out, it is another database.</summary>
    public long SeqAfter(long seq) => seq + Block < content.SeqBelow ? content.SeqBelow : seq;

    /// <summary>Before numbers up to <paramref name="seq"/> are given out.</summary>
    public void Cover(long seq, bool paused)
    {
        if (seq >= content.SeqBelow || paused != content.Paused)
        {
            Content next = new(paused, seq >= content.SeqBelow ? seq + Block : content.SeqBelow);
            DurableFile.WriteAllText(path, JsonSerializer.Serialize(next, ContractJson.Indented) + "\n");
            content = next;
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

    private sealed record Content(bool Paused, long SeqBelow);
}
