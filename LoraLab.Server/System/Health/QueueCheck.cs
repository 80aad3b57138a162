using Hangfire;
using Hangfire.Storage.Monitoring;
using LoraLab.Contracts;
using LoraLab.Server.Scheduling;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.Leases;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace LoraLab.Server.System.Health;

/// <summary>
/// Startup is complete, and the heartbeat of the lanes' dispatcher goes on. Its time is that of the database or of this machine, which may
/// be set wrong: what counts is when it changed last.
/// </summary>
internal sealed class QueueCheck(
    Readiness readiness, Lanes lanes, INodes nodes, JobStorage jobs, IRunStore store, TimeProvider time) : IHealthCheck
{
    /// <summary>Hangfire's heartbeat interval is 30 seconds.</summary>
    private static readonly TimeSpan _silence = TimeSpan.FromMinutes(2);

    private readonly Lock _gate = new();
    private DateTime? _heartbeat;
    private long _changed;

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

        return Task.FromResult(!IsAlive()
            ? HealthCheckResult.Unhealthy("The dispatcher of this node has stopped; restart the server.")
            : HealthCheckResult.Healthy(
                store.Paused
                    ? "Paused."
                    : $"{NumberFormat.Count(lanes.All.Count, "lane")} {(lanes.All.Count == 1 ? "accepts" : "accept")} runs."));
    }

    // Hangfire appends the process and a number.
    private bool IsOurs(ServerDto server) => server.Name.StartsWith($"{nodes.Name}:", StringComparison.OrdinalIgnoreCase);

    private bool IsAlive()
    {
        DateTime? last = jobs.GetMonitoringApi().Servers().Where(IsOurs).Max(server => (DateTime?)(server.Heartbeat ?? server.StartedAt));
        lock (_gate)
        {
            (_heartbeat, _changed) = last == _heartbeat ? (_heartbeat, _changed) : (last, time.GetTimestamp());
            return last is not null && time.GetElapsedTime(_changed) < _silence;
        }
    }
}
