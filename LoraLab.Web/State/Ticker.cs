namespace LoraLab.Web.State;

/// <summary>A shared slow timer for all relative times on the page.</summary>
public sealed class Ticker : IDisposable
{
    private readonly ITimer _timer;

    public Ticker(TimeProvider clock)
    {
        TimeSpan period = TimeSpan.FromSeconds(15);
        _timer = clock.CreateTimer(_ => Tick?.Invoke(), null, period, period);
    }

    public event Action? Tick;

    public void Dispose() => _timer.Dispose();
}
