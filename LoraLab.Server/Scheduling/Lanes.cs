using System.Collections.Concurrent;
using Hangfire;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using Microsoft.Extensions.Options;

namespace LoraLab.Server.Scheduling;

/// <summary>The lanes, which of them are busy, and the jobs that start idle ones.</summary>
internal sealed class Lanes(IOptions<LoraLabOptions> options, IBackgroundJobClientV2 jobs)
{
    private readonly ConcurrentDictionary<int, bool> _busy = [];
    private volatile bool _open;

    public IReadOnlyList<Lane> All { get; } = [.. Devices(options.Value).Select((device, i) => new Lane(i, device))];

    public IReadOnlyList<string> Names => [.. All.Select(lane => lane.Device)];

    public bool Accepts(string device) => All.Any(lane => lane.Accepts(device));

    public static IReadOnlyList<string> Devices(LoraLabOptions options) => options.Devices.Count == 0 ? ["auto"] : options.Devices;

    /// <summary>Enables the lanes. Nothing starts before: runs left by a dead server are recovered first.</summary>
    public void Open()
    {
        _open = true;
        Wake();
    }

    /// <summary>Enqueues one job per idle lane. A job that finds no run ends immediately, so a redundant one does no harm.</summary>
    public void Wake()
    {
        foreach (Lane lane in All)
        {
            if (_open && !_busy.ContainsKey(lane.Index))
            {
                int index = lane.Index;
                jobs.Enqueue<LaneJob>(lane.Queue, job => job.RunAsync(index, CancellationToken.None));
            }
        }
    }

    /// <summary>Marks the lane as busy until the result is disposed.</summary>
    public IDisposable MarkBusy(Lane lane)
    {
        _busy[lane.Index] = true;
        return new Release(() => _busy.TryRemove(lane.Index, out _));
    }

    private sealed class Release(Action action) : IDisposable
    {
        public void Dispose() => action();
    }
}
