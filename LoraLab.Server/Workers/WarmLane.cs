using System.ComponentModel;

namespace LoraLab.Server.Workers;

/// <summary>
/// The warm worker of one lane. One that dies is replaced after a pause with exponential backoff: a program that cannot stay idle must
/// not cost a core.
/// </summary>
internal sealed class WarmLane(string device, Func<Action<string>, WorkerProcess> start, TimeProvider time, ILogger log, CancellationToken stopping) : IDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan ExitGrace = TimeSpan.FromSeconds(2);

    private readonly Lock gate = new();
    private WorkerProcess? idle;
    private TimeSpan pause = FirstPause;
    private bool pausing;
    private bool requested;
    private bool disposed;

    public void Prepare()
    {
        lock (gate)
        {
            requested = true;
            if (idle is null && !pausing)
            {
                Start();
            }
        }
    }

    public WorkerProcess? Take()
    {
        lock (gate)
        {
            requested = false;
            if (idle is not { IsAlive: true } taken)
            {
                // One that has just died is disposed where its exit is awaited.
                return null;
            }

            (idle, pause) = (null, FirstPause);
            return taken;
        }
    }

    public void Dispose()
    {
        WorkerProcess? last;
        lock (gate)
        {
            disposed = true;
            (last, idle) = (idle, null);
        }

        if (last is not null)
        {
            last.CloseInput();
            if (!last.Exited.Wait(ExitGrace))
            {
                last.Kill();
            }

            last.Dispose();
        }
    }

    /// <summary>The caller holds the lock.</summary>
    private void Start()
    {
        if (disposed || stopping.IsCancellationRequested)
        {
            return;
        }

        try
        {
            idle = start(line => log.LogInformation("Warm worker of {Device}: {Line}", device, line));
            _ = WatchAsync(idle);
        }
        catch (Exception error) when (error is Win32Exception or InvalidOperationException or IOException)
        {
            RetryLater($"cannot be started ({error.Message})");
        }
    }

    private async Task WatchAsync(WorkerProcess process)
    {
        int exitCode = await process.Exited;
        lock (gate)
        {
            // After the handover, its exit is handled by the run's supervisor.
            if (idle == process)
            {
                idle = null;
                process.Dispose();
                RetryLater($"exited with code {exitCode}");
            }
        }
    }

    /// <summary>The caller holds the lock.</summary>
    private void RetryLater(string why)
    {
        if (disposed || stopping.IsCancellationRequested)
        {
            return;
        }

        log.LogWarning("The warm worker of {Device} {Why}; retrying in {Seconds:0} s, and until then runs start without one", device, why, pause.TotalSeconds);
        pausing = true;
        _ = AfterPauseAsync(pause);
        pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
    }

    private async Task AfterPauseAsync(TimeSpan span)
    {
        await Task.Delay(span, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (gate)
        {
            pausing = false;
            if (requested && idle is null)
            {
                Start();
            }
        }
    }
}
