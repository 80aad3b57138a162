using LoraLab.Server.Infrastructure;

namespace LoraLab.Server.Security;

/// <summary>
/// Keeps the ring up to date with other nodes, and stores when keys were used: outside of requests, which wait for neither. While the
/// database is away, the keys that were read last stay valid.
/// </summary>
internal sealed class KeyUpkeep(ApiKeyRing ring, TimeProvider time, ILogger<KeyUpkeep> log) : BackgroundLoop(time, log)
{
    private static readonly TimeSpan _interval = TimeSpan.FromMilliseconds(500);

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await Task.Delay(_interval, Time, stoppingToken);
            try
            {
                ring.Refresh();
                ring.StoreUses();
            }
            catch (Exception away) when (StorageFailure.Is(away))
            {
                // Once a second would fill the log; the store itself says what does not answer, or cannot be written.
                Log.LogDebug("Cannot read or write API keys ({Reason}); trying again", away.Message);
            }
        }
    }
}
