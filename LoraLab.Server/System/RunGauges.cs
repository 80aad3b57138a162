using System.Diagnostics.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Infrastructure.Observability;
using LoraLab.Server.Live;
using LoraLab.Server.Storage;

namespace LoraLab.Server.System;

/// <summary>Gauges for runs by state, queue length and live subscribers.</summary>
internal sealed class RunGauges(IRunStore store, LiveFeed feed) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        Telemetry.Observe("loralab.runs", "{run}", "Runs by state.", ByState);
        Telemetry.Observe("loralab.queue.length", "{run}", "Queued runs.", () => [new(store.Counts().Of(RunState.Queued))]);
        Telemetry.Observe(
            "loralab.live.subscribers", "{client}", "Clients of the live channel and of server-sent events.", () => [new(feed.Count)]);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private IEnumerable<Measurement<long>> ByState()
    {
        RunCounts counts = store.Counts();
        return Enum.GetValues<RunState>().Select(state =>
            new Measurement<long>(counts.Of(state), new KeyValuePair<string, object?>("state", state.ToString().ToLowerInvariant())));
    }
}
