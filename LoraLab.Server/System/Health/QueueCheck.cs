using Hangfire;
using Hangfire.Storage.Monitoring;
using LoraLab.Server.Domain;
using LoraLab.Server.Scheduling;
using LoraLab.Server.Storage;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace LoraLab.Server.System.Health;

/// <summary>The start is over, and every lane's dispatcher beats its heart.</summary>
internal sealed class QueueCheck(Readiness readiness, Lanes lanes, JobStorage jobs, IRunStore store, TimeProvider time) : IHealthCheck
{
    /// <summary>Hangfire's own interval is 30 seconds.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromMinutes(2);

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (!readiness.IsReady)
        {
            return Task.FromResult(HealthCheckResult.Unhealthy("Runs of an earlier server are being put in order."));
        }

        DateTime oldest = time.GetUtcNow().UtcDateTime - Silence;
        HashSet<string> alive = [.. jobs.GetMonitoringApi().Servers().Where(server => IsAlive(server, oldest)).SelectMany(server => server.Queues)];
        List<Lane> silent = [.. lanes.All.Where(lane => !alive.Contains(lane.Queue))];
        return Task.FromResult(silent.Count > 0
            ? HealthCheckResult.Unhealthy($"Nobody dispatches the runs of {string.Join(", ", silent.Select(lane => lane.Device))}; restart the server.")
            : HealthCheckResult.Healthy(store.Paused ? "Paused." : $"{lanes.All.Count} lane(s) take runs."));
    }

    private static bool IsAlive(ServerDto server, DateTime oldest) => (server.Heartbeat ?? server.StartedAt) >= oldest;
}
