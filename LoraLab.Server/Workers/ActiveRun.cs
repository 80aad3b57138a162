using LoraLab.Contracts.Worker;

namespace LoraLab.Server.Workers;

/// <summary>A run in execution: the signals to its supervisor.</summary>
internal sealed class ActiveRun(Action onDispose) : IDisposable
{
    private readonly SemaphoreSlim _signal = new(0, 1);
    private volatile bool _cancelRequested;
    private volatile bool _killRequested;
    private volatile bool _leaseLost;
    private volatile bool _begun;

    public bool CancelRequested => _cancelRequested;

    public bool KillRequested => _killRequested;

    /// <summary>Whether another node may continue the run: nothing of it is stored here any more.</summary>
    public bool LeaseLost => _leaseLost;

    /// <summary>The process, once it is started.</summary>
    public WorkerProcess? Worker { get; set; }

    public void Cancel()
    {
        _cancelRequested = true;
        Wake();
    }

    public void Kill()
    {
        _killRequested = true;
        Wake();
    }

    /// <summary>Ends the execution without storing an end.</summary>
    public void LoseLease()
    {
        _leaseLost = true;
        Kill();
    }

    /// <summary>Tells the worker how long it may live, once it has its run.</summary>
    /// <param name="until">Milliseconds of the machine's monotonic clock.</param>
    public Task ExtendAsync(long until) =>
        _begun && Worker is { } worker ? worker.SendAsync(new WorkerCommand { Until = until }) : Task.CompletedTask;

    /// <summary>Called when the worker has its run.</summary>
    public void Begin() => _begun = true;

    /// <summary>Wakes the supervisor to check for new input.</summary>
    public void Wake()
    {
        lock (_signal)
        {
            if (_signal.CurrentCount == 0)
            {
                _signal.Release();
            }
        }
    }

    public Task WaitAsync(TimeSpan atMost) => _signal.WaitAsync(atMost);

    public void Dispose() => onDispose();
}
