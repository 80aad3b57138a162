using System.Collections.Concurrent;
using Hangfire;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Storage.Leases;
using Microsoft.Extensions.Options;

namespace LoraLab.Server.Scheduling;

/// <summary>The lanes of this node, which of them are busy, the jobs that start idle ones, and the lanes of other nodes.</summary>
internal sealed class Lanes
{
    private static readonly TimeSpan _nodesAreFresh = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<int, bool> _busy = [];
    private readonly IBackgroundJobClientV2 _jobs;
    private readonly INodes _nodes;
    private readonly TimeProvider _time;
    private readonly ILogger<Lanes> _log;
    private (long At, IReadOnlyList<Lane> Lanes)? _known;
    private volatile bool _open;

    /// <param name="options">The devices and labels of this node.</param>
    /// <param name="jobs">Enqueues jobs.</param>
    /// <param name="nodes">The nodes.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">The log.</param>
    public Lanes(IOptions<LoraLabOptions> options, IBackgroundJobClientV2 jobs, INodes nodes, TimeProvider time, ILogger<Lanes> log)
    {
        (_jobs, _nodes, _time, _log) = (jobs, nodes, time, log);
        All =
        [
            .. NodeNames.DevicesOf(options.Value)
                .Select((device, i) => new Lane(i, device) { Node = nodes.Name, Labels = options.Value.Labels }),
        ];
    }

    /// <summary>The lanes of this node; none where it takes no runs.</summary>
    public IReadOnlyList<Lane> All { get; }

    /// <summary>The lanes of this node that execute no run.</summary>
    public IEnumerable<Lane> Idle => _open ? All.Where(lane => !_busy.ContainsKey(lane.Index)) : [];

    public IReadOnlyList<string> Names => [.. All.Select(lane => lane.Device)];

    /// <summary>Who runs on the lanes <see cref="Everywhere"/>: subject and verb of a sentence.</summary>
    public string OwnersRun => _nodes.AreSeveral ? "the nodes only run" : "this server only runs";

    /// <summary>
    /// The lanes of all nodes; what a node without any and without others assumes is one for every device.
    /// </summary>
    public IReadOnlyList<Lane> Everywhere
    {
        get
        {
            if (!_nodes.AreSeveral)
            {
                return All;
            }

            if (_known is not var (at, known) || _time.GetElapsedTime(at) > _nodesAreFresh)
            {
                known = [.. All, .. _nodes.List().Where(node => node.Name != _nodes.Name).SelectMany(node => node.Devices.Select(
                    (device, i) => new Lane(i, device) { Node = node.Name, Labels = node.Labels }))];
                known = known.Count > 0 ? known : [new Lane(0, "auto")];
                _known = (_time.GetTimestamp(), known);
            }

            return known;
        }
    }

    /// <summary>Enables the lanes. Nothing starts before: runs left by a dead server are recovered first.</summary>
    public void Open()
    {
        _open = true;
        Wake();
    }

    /// <summary>
    /// Makes idle lanes look for a run, on this node and others. A job that finds no run ends immediately, so a redundant one does no harm,
    /// and neither does one that is lost: lanes also look by themselves.
    /// </summary>
    /// <param name="device">The device that a queued run requests, for a node that has it; null: any node looks.</param>
    public void Wake(string? device = null)
    {
        if (!_open)
        {
            return;
        }

        try
        {
            _jobs.Enqueue<PumpJob>(Lane.QueueOf(device), job => job.RunAsync());
        }
        catch (BackgroundJobClientException refused)
        {
            _log.LogWarning("Cannot enqueue a job ({Reason}); lanes look for runs by themselves", refused.InnerException?.Message);
        }
    }

    /// <summary>Marks the lane as busy until the result is disposed; null: it is.</summary>
    public IDisposable? MarkBusy(Lane lane) =>
        _busy.TryAdd(lane.Index, true) ? new Release(() => _busy.TryRemove(lane.Index, out _)) : null;

    private sealed class Release(Action action) : IDisposable
    {
        public void Dispose() => action();
    }
}
