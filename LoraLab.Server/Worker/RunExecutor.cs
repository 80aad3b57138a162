using System.ComponentModel;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Composition;
using LoraLab.Server.Live;
using LoraLab.Server.Queue;
using LoraLab.Server.Runs;
using LoraLab.Server.Store;
using Microsoft.Extensions.Options;

namespace LoraLab.Server.Worker;

/// <summary>
/// Executes one attempt of a run: run directory, child process, import of its events, end. Whatever happens to the
/// process, the run ends in a state that says so.
/// </summary>
internal sealed class RunExecutor(
    IRunStore store, ActiveRuns active, WarmWorkers warm, WorkerLocator locator, RunImporter importer, RunLogs logs, LoraLabPaths paths, LiveFeed feed, IOptions<LoraLabOptions> options, TimeProvider time)
{
    public const int TailLines = 50;

    public async Task ExecuteAsync(RunDocument run, Lane lane, CancellationToken stopping)
    {
        using ActiveRun handle = active.Add(run.Id);
        int attempt = run.Attempts.Count;
        string directory = paths.RunDirectory(run.Id);
        Directory.CreateDirectory(Path.Combine(directory, RunFiles.Attempt(attempt)));
        RunSpec spec = run.Spec with { Device = lane.DeviceFor(run.Spec.Device) };
        await File.WriteAllTextAsync(Path.Combine(directory, RunFiles.Spec), JsonSerializer.Serialize(spec, ContractJson.Indented) + "\n", CancellationToken.None);

        // Checkpoint 1: a cancel that came before the handle was registered is seen in the document.
        if (store.Find(run.Id)?.Document.State == RunState.Cancelling)
        {
            End(run.Id, document => RunStateMachine.End(document, EndReason.Cancelled, null, time.GetUtcNow()));
            return;
        }

        using AttemptLog log = new(logs.PathOf(run.Id, attempt), run.Id, feed);
        WorkerProcess worker;
        try
        {
            worker = warm.Take(lane) ?? WorkerProcess.Start(locator.Command("worker", lane.Device), log.Write, log.Write);
        }
        catch (Exception error) when (error is Win32Exception or InvalidOperationException or IOException)
        {
            log.Write(error.Message);
            Fail(run.Id, locator.Problem ?? $"The trainer {locator.ProgramPath} could not be started: {error.Message}");
            return;
        }

        using (worker)
        {
            // Checkpoint 2: the process, warm or cold, is known by id and start time before it is told to begin.
            worker.HandOver(line => TakeOutput(line, log, handle), line => TakeError(line, log, handle));
            handle.Worker = worker;
            Remember(run.Id, worker);
            await worker.SendAsync(new WorkerCommand { Run = directory, Attempt = attempt });

            EventTail tail = new(Path.Combine(directory, RunFiles.Attempt(attempt), RunFiles.Events));
            WorkerWatch watch = new(worker, handle, TimeSpan.FromSeconds(options.Value.CancelGraceSeconds), time);
            await watch.UntilExitAsync(tail, () => Import(run.Id, tail, log), stopping);

            // Checkpoint 3: the process is gone and all that it wrote is in the store.
            int exitCode = await worker.Exited;
            handle.Worker = null;
            log.Publish();
            Conclude(run.Id, tail.Ended, exitCode, stopping.IsCancellationRequested);
        }
    }

    /// <summary>Ends a run that could not be executed.</summary>
    public void Fail(string runId, string error) =>
        End(runId, document => RunStateMachine.End(document, EndReason.WorkerLost, error, time.GetUtcNow()));

    private void Conclude(string runId, AttemptEnded? ended, int exitCode, bool stopping) => End(runId, document =>
    {
        DateTimeOffset now = time.GetUtcNow();
        return ended switch
        {
            { Reason: EndReason.Cancelled } when stopping => RunStateMachine.Interrupt(document, now),
            not null => RunStateMachine.End(document, ended.Reason, ended.Error, now),
            null when document.State == RunState.Cancelling => RunStateMachine.End(document, EndReason.Cancelled, null, now),
            null when stopping => RunStateMachine.Interrupt(document, now),
            null => RunStateMachine.End(document, EndReason.WorkerLost, ExitCodes.Describe(exitCode), now),
        };
    });

    private void End(string runId, Func<RunDocument, RunDocument> end) => store.Transact(transaction =>
    {
        if (transaction.Find(runId) is not { } run || run.Document.State.IsTerminal())
        {
            return false;
        }

        RunDocument document = end(run.Document);
        if (document.State == RunState.Failed)
        {
            document = document with { LogTail = logs.LastLines(runId, document.Attempts.Count, TailLines) };
        }

        transaction.Put(run with { Document = document });
        transaction.EmitState(document);
        return true;
    });

    private void Remember(string runId, WorkerProcess worker) => store.Transact(transaction =>
    {
        if (transaction.Find(runId) is { } run)
        {
            RunAttempt attempt = run.Document.Attempts[^1] with { ProcessId = worker.Id, ProcessStartedAt = worker.StartedAt };
            transaction.Put(run with { Document = run.Document with { Attempts = [.. run.Document.Attempts.SkipLast(1), attempt] } });
        }

        return true;
    });

    private void Import(string runId, EventTail tail, AttemptLog log)
    {
        IReadOnlyList<WorkerEvent> events = tail.ReadNew();
        foreach (string line in tail.Unreadable)
        {
            log.Write($"LoraLab: a line of {RunFiles.Events} is not an event: {line}");
        }

        importer.Import(runId, events);
        log.Publish();
    }

    /// <summary>JSON on stdout repeats what is in the file: it only says that there is something to read.</summary>
    private static void TakeOutput(string line, AttemptLog log, ActiveRun handle)
    {
        if (!IsJson(line))
        {
            log.Write(line);
        }

        handle.Wake();
    }

    private static void TakeError(string line, AttemptLog log, ActiveRun handle)
    {
        log.Write(line);
        handle.Wake();
    }

    private static bool IsJson(string line)
    {
        if (!line.StartsWith('{'))
        {
            return false;
        }

        try
        {
            using JsonDocument parsed = JsonDocument.Parse(line);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
