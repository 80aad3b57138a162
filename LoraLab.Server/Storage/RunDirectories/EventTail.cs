using System.Text;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Worker;

namespace LoraLab.Server.Storage.RunDirectories;

/// <summary>
/// Reads the events appended to an attempt's file. The same events are returned again until <see cref="Advance"/> confirms that they
/// are in the store; an incomplete line is left for the next read.
/// </summary>
internal sealed class EventTail(string path)
{
    /// <summary>Bytes per read; a longer line is not an event.</summary>
    private const int PieceBytes = 8 << 20;

    private const int ShownCharacters = 500;

    /// <summary>Rejects an event without required values here rather than failing later.</summary>
    private static readonly JsonSerializerOptions _strict = new(ContractJson.Options) { RespectNullableAnnotations = true };

    private long _offset;
    private bool _skipping;

    /// <summary>The attempt's last event, once it is in the store.</summary>
    public AttemptEnded? Ended { get; private set; }

    /// <summary>Reads the next events.</summary>
    public EventBatch Read()
    {
        FileInfo file = new(path);
        long length = file.Exists ? file.Length : 0;
        if (length <= _offset)
        {
            return new EventBatch([], [], _offset, More: false, _skipping);
        }

        byte[] bytes = new byte[Math.Min(PieceBytes, length - _offset)];
        using (FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete))
        {
            stream.Seek(_offset, SeekOrigin.Begin);
            bytes = bytes[..stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)];
        }

        return Split(bytes, length);
    }

    /// <summary>Confirms that the batch is in the store.</summary>
    public void Advance(EventBatch batch)
    {
        (_offset, _skipping) = (batch.End, batch.Skipping);
        Ended = batch.Events.OfType<AttemptEnded>().LastOrDefault() ?? Ended;
    }

    /// <summary>Returns all events again.</summary>
    public void Rewind() => (_offset, _skipping, Ended) = (0, false, null);

    private EventBatch Split(byte[] bytes, long length)
    {
        int begin = _skipping ? Array.IndexOf(bytes, (byte)'\n') + 1 : 0;
        int end = Array.LastIndexOf(bytes, (byte)'\n') + 1;
        bool more = _offset + bytes.Length < length;
        if ((_skipping && begin == 0) || (end == 0 && bytes.Length == PieceBytes))
        {
            IReadOnlyList<string> shown = _skipping ? [] : [$"a line of more than {PieceBytes >> 20} MiB"];
            return new EventBatch([], shown, _offset + bytes.Length, more, Skipping: true);
        }

        List<WorkerEvent> events = [];
        List<string> unreadable = [];
        foreach (string line in Encoding.UTF8.GetString(bytes, begin, end - begin)
            .Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (Parse(line) is { } workerEvent)
            {
                events.Add(workerEvent);
            }
            else
            {
                unreadable.Add(line.Length <= ShownCharacters ? line : line[..ShownCharacters] + " …");
            }
        }

        return new EventBatch(events, unreadable, _offset + end, more, Skipping: false);
    }

    private static WorkerEvent? Parse(string line)
    {
        try
        {
            WorkerEvent? workerEvent = JsonSerializer.Deserialize<WorkerEvent>(line, _strict);
            return workerEvent is MetricsRecorded metrics && metrics.Values.Values.Any(column => column is null) ? null : workerEvent;
        }
        catch (Exception error) when (error is JsonException or NotSupportedException)
        {
            return null;
        }
    }
}
