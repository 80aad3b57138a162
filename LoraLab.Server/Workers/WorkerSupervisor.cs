using LoraLab.Server.Storage.Leases;

namespace LoraLab.Server.Workers;

/// <summary>
/// Waits for a worker's exit, imports its events meanwhile, and forwards a cancel or the server's stop; a worker that does not obey in
/// time is killed. Deadlines use the monotonic clock.
/// </summary>
internal sealed class WorkerSupervisor(WorkerProcess worker, ActiveRun handle, TimeSpan grace, TimeProvider time)
{
    /// <summary>Interval of imports: it limits the rate of writes and live messages.</summary>
    private static readonly TimeSpan _pollInterval = TimeSpan.FromMilliseconds(200);

    /// <summary>A shorter interval at the start of a run, when important events up to the first step follow one another.</summary>
    private static readonly TimeSpan _firstPollInterval = TimeSpan.FromMilliseconds(40);

    private static readonly TimeSpan _beginning = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan _idle = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _afterLastEvent = TimeSpan.FromSeconds(20);

    private readonly long _began = time.GetTimestamp();
    private TimeSpan? _deadline;
    private bool _cancelSent;
    private bool _inputClosed;

    /// <summary>Whether the worker was killed.</summary>
    public bool Killed { get; private set; }

    public async Task WaitForExitAsync(AttemptImport import, CancellationToken stopping)
    {
        using CancellationTokenRegistration wakeOnStop = stopping.Register(handle.Wake);
        while (!worker.Exited.IsCompleted)
        {
            await Task.WhenAny(worker.Exited, handle.WaitAsync(_idle));
            Import(import);
            await ActAsync(import, stopping.IsCancellationRequested);
            await Task.WhenAny(
                worker.Exited,
                Task.Delay(time.GetElapsedTime(_began) < _beginning ? _firstPollInterval : _pollInterval, time, CancellationToken.None));
        }
    }

    private void Import(AttemptImport import)
    {
        try
        {
            import.TryImport();
        }
        catch (LeaseLostException)
        {
            handle.LoseLease();
        }
    }

    private async Task ActAsync(AttemptImport import, bool stopping)
    {
        if (handle.CancelRequested && !_cancelSent)
        {
            _cancelSent = true;
            ShortenDeadline(grace);
            await worker.SendAsync(new Contracts.Worker.WorkerCommand { Cancel = true });
        }

        if (stopping && !_inputClosed)
        {
            _inputClosed = true;
            ShortenDeadline(grace);
            worker.CloseInput();
        }

        if (import.Ended is not null)
        {
            ShortenDeadline(_afterLastEvent);
        }

        if (handle.KillRequested || time.GetElapsedTime(_began) >= _deadline)
        {
            Killed = true;
            worker.Kill();
        }
    }

    private void ShortenDeadline(TimeSpan span)
    {
        TimeSpan at = time.GetElapsedTime(_began) + span;
        _deadline = _deadline is { } earlier && earlier < at ? earlier : at;
    }
}
