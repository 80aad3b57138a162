using LoraLab.Server.Infrastructure;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.Records;

namespace LoraLab.Server.Scheduling;

/// <summary>
/// Periodic maintenance of the store: a database checkpoint after a period without writes, and, once a full disk has space again, the
/// disk reserve, the records that could not be written, and the queue.
/// </summary>
internal sealed class StoreMaintenance(
    IRunStore store,
    RunRecords records,
    ExperimentRecords experiments,
    StoreStateFile stateFile,
    DiskReserve reserve,
    Lanes lanes,
    TimeProvider time,
    ILogger<StoreMaintenance> log) : BackgroundLoop(time, log)
{
    private const int QuietTurns = 4;
    private static readonly TimeSpan _interval = TimeSpan.FromSeconds(5);

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(_interval, Time);
        long checkpointed = store.Seq;
        long seen = checkpointed;
        int quiet = 0;
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            CheckDisk();
            long now = store.Seq;
            quiet = now == seen ? quiet + 1 : 0;
            if (quiet >= QuietTurns && now != checkpointed && Checkpoint())
            {
                checkpointed = now;
            }

            seen = now;
        }
    }

    private void CheckDisk()
    {
        reserve.Allocate();
        if (reserve.SpaceRecovered())
        {
            Log.LogInformation("The disk has free space again; starting queued runs");
            lanes.Wake();
        }

        if (store.HasRecords && (records.HasUnwritten || experiments.HasUnwritten || stateFile.Paused != store.Paused))
        {
            store.RetryRecords();
        }
    }

    private bool Checkpoint()
    {
        try
        {
            store.Checkpoint();
            return true;
        }
        catch (Exception error) when (StorageFailure.Is(error))
        {
            Log.LogWarning("Cannot checkpoint the database ({Reason}); retrying", error.Message);
            return false;
        }
    }
}
