using LoraLab.Contracts.Live;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Live;
using LoraLab.Server.Storage.Leases;
using LoraLab.Server.Workers;

namespace LoraLab.Server.System.Machine;

/// <summary>
/// Samples the machine every two seconds while a client is subscribed, and a node among several every ten seconds, for the clients of
/// others.
/// </summary>
internal sealed class SystemSampler(
    LiveFeed feed,
    ActiveRuns active,
    TrainerInspector inspector,
    INodes nodes,
    TimeProvider time,
    ILogger<SystemSampler> log) : BackgroundLoop(time, log)
{
    // Intervals from one sample to the next that no client of this node asked for.
    private const int Unasked = 5;

    private static readonly TimeSpan _interval = TimeSpan.FromSeconds(2);

    private readonly CpuMeter _cpu = new();
    private bool _noGpus;

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(_interval, Time);
        for (int i = 0; await timer.WaitForNextTickAsync(stoppingToken); i++)
        {
            if (feed.HasSubscriber(LiveHub.System) || (nodes.AreSeveral && i % Unasked == 0))
            {
                feed.PublishTransient(null, LiveEventTypes.SystemSample, Sample(await GpusAsync(stoppingToken)));
            }
        }
    }

    /// <summary>Empty if the trainer does not respond in time; a machine without GPUs is queried once.</summary>
    private async Task<IReadOnlyList<DeviceEntry>> GpusAsync(CancellationToken cancellationToken)
    {
        if (_noGpus)
        {
            return [];
        }

        try
        {
            InspectResponse response = await inspector.RequestAsync(new InspectRequest { Kind = "devices" }, cancellationToken)
                .WaitAsync(_interval, Time, cancellationToken);
            List<DeviceEntry> gpus = [.. (response.Devices ?? []).Where(device => device.Id != "cpu")];
            _noGpus = gpus.Count == 0;
            return gpus;
        }
        catch (Exception error) when (error is ApiFailure or TimeoutException)
        {
            return [];
        }
    }

    private SystemSample Sample(IReadOnlyList<DeviceEntry> gpus)
    {
        (double used, double total) = HostMemory.Read();
        List<double> workers = [.. active.All.Select(run => run.Worker).OfType<WorkerProcess>().Select(worker => worker.MemoryMb)];
        return new SystemSample
        {
            Node = nodes.AreSeveral ? nodes.Name : null,
            UsedMemoryMb = used,
            TotalMemoryMb = total,
            CpuLoad = _cpu.Read(),
            WorkerMemoryMb = workers.Count == 0 ? null : workers.Sum(),
            Gpus = gpus,
        };
    }
}
