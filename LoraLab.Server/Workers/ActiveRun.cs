namespace LoraLab.Server.Workers;

/// <summary>A run in execution: the signals to its supervisor.</summary>
internal sealed class ActiveRun(Action onDispose) : IDisposable
{
    private readonly SemaphoreSlim signal = new(0, 1);
    private volatile bool cancelRequested;
    private volatile bool killRequested;

    public bool CancelRequested => cancelRequested;

    public bool KillRequested => killRequested;

    /// <summary>The process, once it is started.</summary>
    public WorkerProcess? Worker { get; set; }

    public void Cancel()
    {
        cancelRequested = true;
        Wake();
    }

    public void Kill()
    {
        killRequested = true;
        Wake();
    }

    /// <summary>Wakes the supervisor to check for new input.</summary>
    public void Wake()
    {
        lock (signal)
        {
            if (signal.CurrentCount == 0)
            {
                signal.Release();
            }
        }
    }

    public Task WaitAsync(TimeSpan atMost) => signal.WaitAsync(atMost);

    public void Dispose() => onDispose();
}
