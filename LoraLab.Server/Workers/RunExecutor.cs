using System.ComponentModel;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Files;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Observability;
using LoraLab.Server.Live;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.Leases;
using LoraLab.Server.Storage.RunDirectories;
using Microsoft.Extensions.Options;

namespace LoraLab.Server.Workers;

/// <summary>
/// Executes one attempt of a run: run directory, child process, import of its events, end. Whatever happens to the
/// process, the run ends in a state that reflects it, unless another node continues it: then it ends with
/// <see cref="LeaseLostException"/>, and nothing is stored.
/// </summary>
internal sealed class RunExecutor(
    IRunStore store,
    ActiveRuns active,
    WarmWorkers warm,
    WorkerLocator locator,
    RunImporter importer,
    RunEnding ending,
    RunLogs logs,
    SharedAutoSettings autoSettings,
    HeldLeases held,
    LeaseTimes leases,
    RunDirectoryLocks directoryLocks,
    LoraLabPaths paths,
    LiveFeed feed,
    IOptions<LoraLabOptions> options,
    TimeProvider time,
    ILogger<RunExecutor> logger)
{
    public async Task ExecuteAsync(RunDocument run, Lane lane, CancellationToken stopping)
    {
        using ActiveRun handle = active.Add(run.Id);
        int attempt = run.Attempts.Count;
        string directory = paths.RunDirectory(run.Id);
        directoryLocks.WaitUntilFree();
        CreateAttemptFolder(Path.Combine(directory, RunFiles.Attempt(attempt)));
        WriteSpec(run, lane, Path.Combine(directory, RunFiles.Spec));

        // Checkpoint 1: a cancel before the handle was registered is visible in the document.
        if (store.Find(run.Id)?.Document.State == RunState.Cancelling)
        {
            await ending.EndAsync(run.Id, EndReason.Cancelled, null, stopping);
            return;
        }

        using AttemptLog log = new(logs.PathOf(run.Id, attempt), run.Id, feed);
        WorkerProcess worker;
        try
        {
            WorkerProcess? idle = warm.Take(lane);
            worker = idle ?? WorkerProcess.Start(locator.Command("worker", lane.Device), log.Write, log.Write);
            Telemetry.WorkerStarts.Add(1, new KeyValuePair<string, object?>("warm", idle is not null));
        }
        catch (Exception error) when (error is Win32Exception or InvalidOperationException or IOException)
        {
            log.Write(error.Message);
            await ending.EndAsync(run.Id, EndReason.WorkerLost, locator.Problem ?? locator.CannotStart(error), stopping);
            return;
        }

        using (worker)
        {
            try
            {
                await SuperviseAsync(
                    run.Id,
                    worker,
                    handle,
                    log,
                    new WorkerCommand
                    {
                        RunDirectory = directory,
                        Attempt = attempt,
                        Files = store.Find(run.Id)?.Files ?? [],
                        Until = held.Find(run.Id) is { } lease ? leases.DeadlineOf(lease) : null,
                    },
                    stopping);
            }
            finally
            {
                // Whatever went wrong: the device must be free when the lane is.
                await EndAsync(worker);
            }
        }
    }

    private async Task SuperviseAsync(
        string runId, WorkerProcess worker, ActiveRun handle, AttemptLog log, WorkerCommand command, CancellationToken stopping)
    {
        // Checkpoint 2: id and start time of the process, warm or cold, are stored before it receives its command.
        worker.Redirect(line => OnOutput(line, log, handle), line => OnError(line, log, handle));
        handle.Worker = worker;
        RecordProcess(runId, worker);
        await worker.SendAsync(command);
        handle.Begin();
        if (held.Find(runId) is { } renewed)
        {
            await handle.ExtendAsync(leases.DeadlineOf(renewed));
        }

        StallDetector stall = new(TimeSpan.FromSeconds(options.Value.StallSeconds), time);
        AttemptImport import = new(
            runId,
            new EventTail(Path.Combine(command.RunDirectory!, RunFiles.Attempt(command.Attempt), RunFiles.Events)),
            importer,
            logger,
            log,
            stall);
        WorkerSupervisor supervisor = new(worker, handle, TimeSpan.FromSeconds(options.Value.CancelGraceSeconds), time);
        await supervisor.WaitForExitAsync(import, stopping);
        if (handle.LeaseLost)
        {
            throw new LeaseLostException(runId);
        }

        // Checkpoint 3: the process has exited and all its events are in the store.
        int exitCode = await worker.Exited;
        handle.Worker = null;
        await import.ImportAllAsync(time, stopping);
        log.Complete();
        await ending.ConcludeAsync(runId, import.Ended, exitCode, supervisor.Killed, stopping);
    }

    private static async Task EndAsync(WorkerProcess worker)
    {
        if (!worker.Exited.IsCompleted)
        {
            worker.Kill();
            await worker.Exited;
        }
    }

    /// <summary>
    /// A store that was restored to an earlier state may claim an attempt again: an existing folder is moved aside, because a worker
    /// creates its own event file.
    /// </summary>
    private static void CreateAttemptFolder(string path)
    {
        if (File.Exists(Path.Combine(path, RunFiles.Events)))
        {
            int number = 1;
            while (Directory.Exists($"{path}.aside-{number}"))
            {
                number++;
            }

            Directory.Move(path, $"{path}.aside-{number}");
        }

        Directory.CreateDirectory(path);
    }

    /// <summary>Written once: a later attempt continues with exactly the specification of its checkpoints.</summary>
    private void WriteSpec(RunDocument run, Lane lane, string path)
    {
        if (!File.Exists(path))
        {
            RunSpec spec = autoSettings.Apply(run, lane.Device) with { Device = lane.DeviceFor(run.Spec.Device) };
            DurableFile.WriteAllText(path, JsonSerializer.Serialize(spec, ContractJson.Indented) + "\n");
        }
    }

    private void RecordProcess(string runId, WorkerProcess worker)
    {
        (int id, DateTimeOffset? startedAt) = (worker.Id, worker.StartedAt);
        store.Transact(StoreScope.Attempt(runId), transaction =>
        {
            if (transaction.Find(runId) is { } run)
            {
                RunAttempt attempt = run.Document.Attempts[^1] with { ProcessId = id, ProcessStartedAt = startedAt };
                transaction.Put(run with { Document = run.Document with { Attempts = [.. run.Document.Attempts.SkipLast(1), attempt] } });
            }
        });
    }

    /// <summary>JSON on stdout repeats the event file: it only signals that there is something to read.</summary>
    private static void OnOutput(string line, AttemptLog log, ActiveRun handle)
    {
        if (!IsJson(line))
        {
            log.Write(line);
        }

        handle.Wake();
    }

    private static void OnError(string line, AttemptLog log, ActiveRun handle)
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
