namespace LoraLab.Web.State;

/// <summary>
/// Keeps only the latest of several requests: beginning one cancels the previous one, and after disposal every new one is cancelled at
/// once.
/// </summary>
public sealed class LatestOnly : IDisposable
{
    private CancellationTokenSource _current = new();
    private bool _disposed;

    /// <summary>Begins a request.</summary>
    /// <returns>A token that is cancelled when a later request begins or the page is closed.</returns>
    public CancellationToken Begin()
    {
        Cancel();
        if (!_disposed)
        {
            _current = new CancellationTokenSource();
        }

        return _current.Token;
    }

    /// <summary>Cancels the current request.</summary>
    public void Cancel() => _current.Cancel();

    public void Dispose()
    {
        _disposed = true;
        Cancel();
    }
}
