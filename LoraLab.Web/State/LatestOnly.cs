namespace LoraLab.Web.State;

/// <summary>Of several questions only the newest is answered: beginning one cancels the one before, and when the page is left none begins any more.</summary>
public sealed class LatestOnly : IDisposable
{
    private CancellationTokenSource _newest = new();
    private bool _left;

    /// <summary>Begins a question.</summary>
    /// <returns>Cancelled when a later one begins or the page is left.</returns>
    public CancellationToken Begin()
    {
        Cancel();
        if (!_left)
        {
            _newest = new CancellationTokenSource();
        }

        return _newest.Token;
    }

    /// <summary>Nobody waits for the answer any more.</summary>
    public void Cancel() => _newest.Cancel();

    public void Dispose()
    {
        _left = true;
        Cancel();
    }
}
