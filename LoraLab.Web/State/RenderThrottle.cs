using System.Diagnostics;

namespace LoraLab.Web.State;

/// <summary>
/// Gathers a burst of changes into one call: at once when it was quiet, else when the pause is over. A call that takes long makes
/// the pause longer, so that a slow machine still has most of its time for the reader.
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
