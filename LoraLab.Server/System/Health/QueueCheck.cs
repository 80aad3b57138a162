using Hangfire;
using Hangfire.Storage.Monitoring;
using LoraLab.Contracts;
using LoraLab.Server.Scheduling;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.Leases;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace LoraLab.Server.System.Health;

/// <summary>Startup is complete, and the dispatcher of lanes has a recent heartbeat.</summary>
internal sealed class QueueCheck(
    Readiness readiness, Lanes lanes, INodes nodes, JobStorage jobs, IRunStore store, TimeProvider time) : IHealthCheck
{
    /// <summary>Hangfire's heartbeat interval is 30 seconds.</summary>
    private static readonly TimeSpan _silence = TimeSpan.FromMinutes(2);

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (!readiness.IsReady)
        {
            return Task.FromResult(HealthCheckResult.Unhealthy("Runs of an earlier server are being recovered."));
        }

        if (lanes.All.Count == 0)
        {
            return Task.FromResult(HealthCheckResult.Healthy("This node takes no runs."));
        }

        DateTime oldest = time.GetUtcNow().UtcDateTime - _silence;
        bool alive = jobs.GetMonitoringApi().Servers().Any(server => IsOurs(server) && IsAlive(server, oldest));
        return Task.FromResult(!alive
            ? HealthCheckResult.Unhealthy("The dispatcher of this node has stopped; restart the server.")
            : HealthCheckResult.Healthy(
                store.Paused
                    ? "Paused."
                    : $"{NumberFormat.Count(lanes.All.Count, "lane")} {(lanes.All.Count == 1 ? "accepts" : "accept")} runs."));
    }

    // Hangfire appends the process and a number.
    private bool IsOurs(ServerDto server) => server.Name.StartsWith($"{nodes.Name}:", StringComparison.OrdinalIgnoreCase);

    private static bool IsAlive(ServerDto server, DateTime oldest) => (server.Heartbeat ?? server.StartedAt) >= oldest;
}
