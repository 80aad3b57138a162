using System.Buffers.Text;
using System.Text.Json;
using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Domain;

/// <summary>The place of a queued run in the order in which runs are claimed: by priority, then position.</summary>
/// <param name="Priority">Its priority.</param>
/// <param name="Position">Its position among the runs of the same priority.</param>
/// <param name="Id">Its id.</param>
internal readonly record struct QueueCursor(int Priority, long Position, string Id)
{
    /// <summary>The order of the queue.</summary>
    public static IComparer<QueueCursor> Order { get; } = Comparer<QueueCursor>.Create(static (x, y) =>
        x.Priority != y.Priority ? y.Priority.CompareTo(x.Priority)
            : x.Position != y.Position ? x.Position.CompareTo(y.Position)
            : string.CompareOrdinal(x.Id, y.Id));

    /// <summary>The place of a run; null: it is not queued.</summary>
    public static QueueCursor? Of(StoredRun? run) =>
        run is { Document.State: RunState.Queued } ? new QueueCursor(run.Document.Priority, run.Position, run.Document.Id) : null;

    /// <summary>Reads a cursor of the API; null: it is not one of the queue.</summary>
    public static QueueCursor? TryDecode(string cursor)
    {
        try
        {
            Content? content = JsonSerializer.Deserialize<Content>(Base64Url.DecodeFromChars(cursor));
            return content is { Queue: true, Id: { } id } ? new QueueCursor(content.Priority, content.Position, id) : null;
        }
        catch (Exception error) when (error is FormatException or JsonException)
        {
            // Not one of ours.
            return null;
        }
    }

    /// <summary>The place as a cursor of the API.</summary>
    public string Encode() => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(new Content(true, Priority, Position, Id)));

    private sealed record Content(bool Queue, int Priority, long Position, string? Id);
}
