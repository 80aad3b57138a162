namespace LoraLab.Web.State;

/// <summary>
/// A page with a form. What the form starts from is loaded once: after a lost connection, it is loaded again only if it never was, because
/// what has been typed is never replaced.
/// </summary>
/// <typeparam name="TContent">What the form starts from.</typeparam>
public abstract class FormPage<TContent> : LivePage<TContent> where TContent : class
{
    protected FormPage() : base(drawPause: TimeSpan.FromSeconds(1), loadPause: TimeSpan.FromSeconds(1))
    {
    }

    /// <summary>The checks of what has been typed, of which only the latest counts.</summary>
    protected LatestOnly Checks { get; } = new();

    protected override void OnReconnected()
    {
        if (Content is null)
        {
            Reload();
        }
    }

    protected override void OnClosed() => Checks.Dispose();
}
