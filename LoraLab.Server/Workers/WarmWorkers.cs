using System.Collections.Concurrent;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using Microsoft.Extensions.Options;

namespace LoraLab.Server.Workers;

/// <summary>
/// One idle worker per lane, started in advance so that a run does not wait for a runtime and a tensor library to load.
/// It holds nothing of a run: no folder, no model, no GPU memory. Without a warm worker a cold one is started; nothing else differs.
/// </summary>
internal sealed class WarmWorkers(
    WorkerLocator locator,
    IOptions<LoraLabOptions> options,
    IHostApplicationLifetime lifetime,
    TimeProvider time,
    ILogger<WarmWorkers> log) : IDisposable
{
    private readonly ConcurrentDictionary<int, WarmLane> _lanes = new();

    /// <summary>Prepares a worker for the next run of an idle lane. Idempotent.</summary>
    public void Prepare(Lane lane)
    {
        if (options.Value.WarmWorkers)
        {
            _lanes.GetOrAdd(lane.Index, _ => new WarmLane(
                lane.Device,
                onLine => WorkerProcess.Start(locator.Command("worker", lane.Device), onLine, onLine),
                time,
                log,
                lifetime.ApplicationStopping))
                .Prepare();
        }
    }

    /// <summary>
    /// Hands the lane's warm worker over to the caller; null: there is none. No other is started before <see cref="Prepare"/>.
    /// </summary>
    public WorkerProcess? Take(Lane lane) => _lanes.TryGetValue(lane.Index, out WarmLane? warm) ? warm.Take() : null;

    public void Dispose()
    {
        foreach (WarmLane warm in _lanes.Values)
        {
            warm.Dispose();
        }
    }
}
