using LoraLab.Server.Queue;
using LoraLab.Server.Store;
using LoraLab.Server.Worker;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace LoraLab.Server.Composition;

/// <summary>Ready: the start is over, the store answers, the trainer is there.</summary>
internal sealed class ReadyCheck(Readiness readiness, IRunStore store, WorkerLocator locator) : IHealthCheck
{
    public const string Tag = "ready";

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (!readiness.IsReady)
        {
            return Task.FromResult(HealthCheckResult.Unhealthy("Runs of an earlier server are being put in order."));
        }

        if (locator.Problem is { } problem)
        {
            return Task.FromResult(HealthCheckResult.Unhealthy(problem));
        }

        _ = store.ReadEvents(store.Seq);
        return Task.FromResult(HealthCheckResult.Healthy());
    }
}
