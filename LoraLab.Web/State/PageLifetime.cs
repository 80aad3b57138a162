namespace LoraLab.Web.State;

/// <summary>
/// What a page waits for and listens to, until it is left. Its beginning goes on after that (a page is left while its first answer is on the
/// way), so everything here can be used afterwards: the token is cancelled, and what comes too late is let go at once.
/// </summary>
public sealed class PageLifetime : IDisposable
{
    private readonly CancellationTokenSource _left = new();
    private readonly List<IDisposable> _held = [];

    /// <summary>Cancelled when the page is left.</summary>
    public CancellationToken Token => _left.Token;

    /// <summary>Keeps a subscription until <see cref="Release"/> or the end.</summary>
    public void Hold(IDisposable subscription)
    {
        if (_left.IsCancellationRequested)
        {
            subscription.Dispose();
            return;
        }

        _held.Add(subscription);
    }

    /// <summary>Lets go of all subscriptions: the page shows something else now.</summary>
    public void Release()
    {
        _held.ForEach(subscription => subscription.Dispose());
        _held.Clear();
    }

    public void Dispose()
    {
        // The source itself stays: it has neither timer nor handle, and its token is still asked for.
        _left.Cancel();
        Release();
    }
}
