using System.Diagnostics;

namespace LoraLab.Web.State;

/// <summary>
/// Coalesces a burst of changes into one call: immediately when idle, otherwise after the pause. A slow call lengthens the pause, so
/// that a slow machine keeps most of its time for user input.
/// </summary>
public sealed class RenderThrottle(TimeSpan pause, Func<Task> render) : IDisposable
{
    private const int RestPerWork = 3;

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
            long begin = Stopwatch.GetTimestamp();
            if (!_disposed)
            {
                await render();
            }

            TimeSpan rest = Stopwatch.GetElapsedTime(begin) * RestPerWork;
            await Task.Delay(rest > pause ? rest : pause);
        }
        while (_again && !_disposed);

        _waiting = false;
    }
}
