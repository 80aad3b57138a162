namespace LoraLab.Training.Training.Recording;

/// <summary>
/// Signals a run to stop. A cancelled run ends; an abandoned run is left unfinished because its process must exit (the server has
/// exited, or the system terminates the process).
/// </summary>
public sealed class StopSignal : IDisposable
{
    private readonly CancellationTokenSource _source = new();

    /// <summary>Cancelled when the run must stop.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>Reason why the run is left unfinished; null if it is not.</summary>
    public string? Abandoned { get; private set; }

    /// <summary>Signals the run to end as cancelled.</summary>
    public void Cancel() => Signal();

    /// <summary>Signals the run to stop and be left unfinished.</summary>
    public void Abandon(string reason)
    {
        Abandoned = reason;
        Signal();
    }

    /// <inheritdoc />
    public void Dispose() => _source.Dispose();

    private void Signal()
    {
        try
        {
            _source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The run has just ended on another thread: there is nothing to stop.
        }
    }
}
