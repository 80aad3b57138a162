using LoraLab.Server.Composition;

namespace LoraLab.Server.Store;

/// <summary>Checkpoints the database when nothing was written for a while.</summary>
internal sealed class StoreMaintenance(IRunStore store, TimeProvider time, ILogger<StoreMaintenance> log) : LoopService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(20);

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(Interval, time);
        long checkpointed = store.Seq;
        long seen = checkpointed;
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            long now = store.Seq;
            if (now == seen && now != checkpointed)
            {
                try
                {
                    store.Checkpoint();
                    checkpointed = now;
                }
                catch (Exception error) when (error is IOException or LiteDB.LiteException)
                {
                    log.LogWarning(error, "The database could not be checkpointed; it is tried again");
                }
            }

            seen = now;
        }
    }
}
