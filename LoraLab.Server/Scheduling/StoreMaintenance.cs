using LoraLab.Server.Infrastructure;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.Records;

namespace LoraLab.Server.Scheduling;

/// <summary>
/// What the store needs from time to time: a checkpoint of the database when nothing was written for a while, and, when a disk that was
/// full has room again, the reserve, the records that could not be written, and the queue.
/// </summary>
internal sealed class StoreMaintenance(IRunStore store, RunRecords records, ExperimentRecords experiments, StoreStateFile stateFile, DiskReserve reserve, Lanes lanes, TimeProvider time, ILogger<StoreMaintenance> log) : BackgroundLoop(time, log)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private const int QuietTurns = 4;

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(Interval, Time);
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
            Log.LogInformation("The disk has room again; waiting runs are started");
            lanes.Wake();
        }

        if (records.HasUnwritten || experiments.HasUnwritten || stateFile.Paused != store.Paused)
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
            Log.LogWarning("The database could not be checkpointed ({Reason}); it is tried again", error.Message);
            return false;
        }
    }
}
