using System.ComponentModel;

namespace LoraLab.Server.Workers;

/// <summary>
/// The warm worker of one lane. One that dies is replaced after a pause with exponential backoff: a program that cannot stay idle must
/// not cost a core.
/// </summary>
internal sealed class WarmLane(
    string device, Func<Action<string>, WorkerProcess> start, TimeProvider time, ILogger log, CancellationToken stopping) : IDisposable
{
    private static readonly TimeSpan _firstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _longestPause = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan _exitGrace = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private WorkerProcess? _idle;
    private TimeSpan _pause = _firstPause;
    private bool _pausing;
    private bool _requested;
    private bool _disposed;

    public void Prepare()
    {
        lock (_gate)
        {
            _requested = true;
            if (_idle is null && !_pausing)
            {
                Start();
            }
        }
    }

    public WorkerProcess? Take()
    {
        lock (_gate)
        {
            _requested = false;
            if (_idle is not { IsAlive: true } taken)
            {
                // One that has just died is disposed where its exit is awaited.
                return null;
            }

            (_idle, _pause) = (null, _firstPause);
            return taken;
        }
    }

    public void Dispose()
    {
        WorkerProcess? last;
        lock (_gate)
        {
            _disposed = true;
            (last, _idle) = (_idle, null);
        }

        if (last is not null)
        {
            last.CloseInput();
            if (!last.Exited.Wait(_exitGrace))
            {
                last.Kill();
            }

            last.Dispose();
        }
    }

    /// <summary>The caller holds the lock.</summary>
    private void Start()
    {
        if (_disposed || stopping.IsCancellationRequested)
        {
            return;
        }

        try
        {
            _idle = start(line => log.LogInformation("Warm worker of {Device}: {Line}", device, line));
            _ = WatchAsync(_idle);
        }
        catch (Exception error) when (error is Win32Exception or InvalidOperationException or IOException)
        {
            RetryLater($"cannot be started ({error.Message})");
        }
    }

    private async Task WatchAsync(WorkerProcess process)
    {
        int exitCode = await process.Exited;
        lock (_gate)
        {
            // After the handover, its exit is handled by the run's supervisor.
            if (_idle == process)
            {
                _idle = null;
                process.Dispose();
                RetryLater($"exited with code {exitCode}");
            }
        }
    }

    /// <summary>The caller holds the lock.</summary>
    private void RetryLater(string why)
    {
        if (_disposed || stopping.IsCancellationRequested)
        {
            return;
        }

        log.LogWarning(
            "The warm worker of {Device} {Why}; retrying in {Seconds:0} s, and until then runs start without one",
            device,
            why,
            _pause.TotalSeconds);
        _pausing = true;
        _ = AfterPauseAsync(_pause);
        _pause = _pause * 2 < _longestPause ? _pause * 2 : _longestPause;
    }

    private async Task AfterPauseAsync(TimeSpan span)
    {
        await Task.Delay(span, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_gate)
        {
            _pausing = false;
            if (_requested && _idle is null)
            {
                Start();
            }
        }
    }
}
