namespace LoraLab.Training.Training.Recording;

/// <summary>
/// Asks a run to stop: cancelled, when somebody decided so; abandoned, when the process must go although nobody decided the
/// run's fate (the server is gone, or the system asks the process to end).
/// </summary>
public sealed class StopSignal : IDisposable
{
    private readonly CancellationTokenSource _source = new();

    /// <summary>Set when the run shall stop.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>One sentence on why the run is left unfinished; null when it is not.</summary>
    public string? Abandoned { get; private set; }

    /// <summary>The run shall end as cancelled.</summary>
    public void Cancel() => Signal();

    /// <summary>The run shall be left as it is.</summary>
    public void Abandon(string why)
    {
        Abandoned = why;
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
            // Another thread heard of it when the run had just ended: there is nothing left to stop.
        }
    }
}
