using System.Text;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Worker;

namespace LoraLab.Server.Worker;

/// <summary>Reads the events that were appended to an attempt's file since the last look. A line without its end is left for the next.</summary>
internal sealed class EventTail(string path)
{
    private long offset;

    /// <summary>The last event, once it was read.</summary>
    public AttemptEnded? Ended { get; private set; }

    /// <summary>Whole lines that are not events, since the last look.</summary>
    public List<string> Unreadable { get; } = [];

    public IReadOnlyList<WorkerEvent> ReadNew()
    {
        Unreadable.Clear();
        FileInfo file = new(path);
        if (!file.Exists || file.Length <= offset)
        {
            return [];
        }

        byte[] bytes;
        using (FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete))
        {
            stream.Seek(offset, SeekOrigin.Begin);
            bytes = new byte[stream.Length - offset];
            int read = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            bytes = bytes[..read];
        }

        int end = Array.LastIndexOf(bytes, (byte)'\n') + 1;
        offset += end;
        List<WorkerEvent> events = [];
        foreach (string line in Encoding.UTF8.GetString(bytes, 0, end).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (Parse(line) is { } happened)
            {
                events.Add(happened);
                Ended = happened as AttemptEnded ?? Ended;
            }
            else
            {
                Unreadable.Add(line);
            }
        }

        return events;
    }

    private static WorkerEvent? Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<WorkerEvent>(line, ContractJson.Options);
        }
        catch (Exception error) when (error is JsonException or NotSupportedException)
        {
            return null;
        }
    }
}
