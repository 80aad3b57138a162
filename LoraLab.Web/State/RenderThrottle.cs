namespace LoraLab.Web.State;

/// <summary>Gathers a burst of changes into one call: at once when it was quiet, else when the pause is over.</summary>
public sealed class RenderThrottle(TimeSpan pause, Func<Task> render) : IDisposable
{
    private bool _waiting;
    private bool _again;
    private bool _disposed;

    public void Request()
    {
        if (_waiting)
        {
            _again = true;
            return;
        }

        _waiting = true;
        _ = RunAsync();
    }

    public void Dispose() => _disposed = true;

    private async Task RunAsync()
    {
        do
        {
            _again = false;
            if (!_disposed)
            {
                await render();
            }

            await Task.Delay(pause);
        }
        while (_again && !_disposed);

        _waiting = false;
    }
}
