namespace LoraLab.Web.State;

/// <summary>
/// The cancellation token and subscriptions of a page until it is closed. Initialization may continue after that (a page can be closed
/// while its first request is pending), so all members stay usable: the token is cancelled, and late subscriptions are disposed at once.
/// </summary>
public sealed class PageLifetime : IDisposable
{
    private readonly CancellationTokenSource _closed = new();
    private readonly List<IDisposable> _subscriptions = [];

    /// <summary>Cancelled when the page is closed.</summary>
    public CancellationToken Token => _closed.Token;

    /// <summary>Holds a subscription until <see cref="Release"/> or disposal.</summary>
    public void Hold(IDisposable subscription)
    {
        if (_closed.IsCancellationRequested)
        {
            subscription.Dispose();
            return;
        }

        _subscriptions.Add(subscription);
    }

    /// <summary>Disposes all subscriptions, as when the page changes what it shows.</summary>
    public void Release()
    {
        _subscriptions.ForEach(subscription => subscription.Dispose());
        _subscriptions.Clear();
    }

    public void Dispose()
    {
        // The source is not disposed: it holds neither timer nor handle, and its token is still used.
        _closed.Cancel();
        Release();
    }
}
