using LoraLab.Contracts;
using LoraLab.Server.Storage;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace LoraLab.Server.System.Health;

/// <summary>The store responds, from the database and not from memory.</summary>
internal sealed class StoreCheck(IRunStore store) : IHealthCheck
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(5);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            // The store takes a lock: a store that hangs must not block the health check.
            await Task.Run(() => store.ReadEvents(store.Seq), cancellationToken).WaitAsync(_patience, cancellationToken);
            return HealthCheckResult.Healthy($"{NumberFormat.Count(store.Counts().Total, "run")}.");
        }
        catch (TimeoutException)
        {
            return HealthCheckResult.Unhealthy($"The store did not respond within {_patience.TotalSeconds} seconds.");
        }
    }
}
