using Hangfire;
using Hangfire.Storage.Monitoring;
using LoraLab.Contracts;
using LoraLab.Server.Domain;
using LoraLab.Server.Scheduling;
using LoraLab.Server.Storage;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace LoraLab.Server.System.Health;

/// <summary>Startup is complete, and every lane's dispatcher has a recent heartbeat.</summary>
internal sealed class QueueCheck(Readiness readiness, Lanes lanes, JobStorage jobs, IRunStore store, TimeProvider time) : IHealthCheck
{
    /// <summary>Hangfire's heartbeat interval is 30 seconds.</summary>
    private static readonly TimeSpan _silence = TimeSpan.FromMinutes(2);

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (!readiness.IsReady)
        {
            return Task.FromResult(HealthCheckResult.Unhealthy("Runs of an earlier server are being recovered."));
        }

        DateTime oldest = time.GetUtcNow().UtcDateTime - _silence;
        HashSet<string> alive =
            [.. jobs.GetMonitoringApi().Servers().Where(server => IsAlive(server, oldest)).SelectMany(server => server.Queues)];
        List<Lane> silent = [.. lanes.All.Where(lane => !alive.Contains(lane.Queue))];
        return Task.FromResult(silent.Count > 0
            ? HealthCheckResult.Unhealthy(
                $"The dispatcher of {string.Join(", ", silent.Select(lane => lane.Device))} has stopped; restart the server.")
            : HealthCheckResult.Healthy(
                store.Paused
                    ? "Paused."
                    : $"{NumberFormat.Count(lanes.All.Count, "lane")} {(lanes.All.Count == 1 ? "accepts" : "accept")} runs."));
    }

    private static bool IsAlive(ServerDto server, DateTime oldest) => (server.Heartbeat ?? server.StartedAt) >= oldest;
}
