using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Storage.Records;
using LoraLab.Server.Storage.RunDirectories;

namespace LoraLab.Server.Storage.Recovery;

/// <summary>
/// Rebuilds a run whose record is lost too, from its specification and the events of its attempts. Information that exists nowhere else
/// is lost: edits since the start of the first attempt, the color, and why the server ended an attempt that reported no end.
/// </summary>
internal sealed class RunFromFiles(string id, RunRecords records, LoraLabPaths paths)
{
    private const string Gray = "#808080";

    public StoredRun Rebuild()
    {
        RunSpec spec = records.ReadSpec(id) ?? new RunSpec();
        DateTimeOffset created = RunIds.TimeOf(id);
        RunDocument document = new()
        {
            Id = id,
            Name = spec.Name ?? id,
            Notes = spec.Notes,
            Tags = spec.Tags,
            Priority = spec.Priority,
            Color = Gray,
            Spec = spec,
            CreatedAt = created,
        };
        for (int number = 1; Directory.Exists(FolderOf(number)); number++)
        {
            document = Replay(document, number, isLast: !Directory.Exists(FolderOf(number + 1)));
        }

        return new StoredRun
        {
            Document = document,
            Position = created.ToUnixTimeMilliseconds(),
            Submitted = SpecFieldCatalog.ToJson(spec),
        };
    }

    private RunDocument Replay(RunDocument document, int number, bool isLast)
    {
        List<WorkerEvent> events = ReadEvents(number);
        DateTimeOffset began = events.Count > 0 ? events[0].At : document.CreatedAt;
        string device = events.OfType<RunPrepared>().LastOrDefault()?.Environment.Device ?? document.Spec.Device;
        document = RunStateMachine.Claim(
            document.State == RunState.Queued ? document : RunStateMachine.Resume(document) ?? document, device, began);
        if (events.OfType<AttemptStarted>().FirstOrDefault() is { } started)
        {
            document = document with
            {
                Attempts =
                [
                    .. document.Attempts.SkipLast(1),
                    document.Attempts[^1] with { ProcessId = started.ProcessId, ProcessStartedAt = started.ProcessStartedAt ?? started.At },
                ],
            };
        }

        document = RunProjector.Apply(document, events).Document;
        return events.OfType<AttemptEnded>().LastOrDefault() is { } ended
                ? RunStateMachine.End(document, ended.Reason, ended.Error, ended.At)
            : isLast ? document
            : RunStateMachine.Interrupt(document, lost: true, events.Count > 0 ? events[^1].At : began);
    }

    private List<WorkerEvent> ReadEvents(int number)
    {
        EventTail tail = new(Path.Combine(FolderOf(number), RunFiles.Events));
        List<WorkerEvent> events = [];
        EventBatch batch;
        do
        {
            batch = tail.Read();
            events.AddRange(batch.Events);
            tail.Advance(batch);
        }
        while (batch.More);

        return events;
    }

    private string FolderOf(int number) => Path.Combine(paths.RunDirectory(id), RunFiles.Attempt(number));
}
