using LoraLab.Contracts.Live;
using LoraLab.Server.Composition;
using LoraLab.Server.Live;
using LoraLab.Server.Worker;

namespace LoraLab.Server.Machine;

/// <summary>Samples the machine every two seconds while somebody looks.</summary>
internal sealed class SystemSampler(LiveFeed feed, ActiveRuns active, TimeProvider time) : LoopService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    private readonly CpuMeter cpu = new();

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            if (feed.HasSubscriber(LiveHub.System))
            {
                feed.Tell(null, LiveEventTypes.SystemSample, Sample());
            }
        }
    }

    private SystemSample Sample()
    {
        (double used, double total) = HostMemory.Read();
        List<double> workers = [.. active.All.Select(run => run.Worker).OfType<WorkerProcess>().Select(worker => worker.MemoryMb)];
        return new SystemSample
        {
            UsedMemoryMb = used,
            TotalMemoryMb = total,
            CpuLoad = cpu.Read(),
            WorkerMemoryMb = workers.Count == 0 ? null : workers.Sum(),
        };
    }
}
