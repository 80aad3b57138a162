namespace LoraLab.Server.Workers;

/// <summary>
/// Waits for a worker's exit, imports its events meanwhile, and forwards a cancel or the server's stop; a worker that does not obey in
/// time is killed. Deadlines use the monotonic clock.
/// </summary>
internal sealed class WorkerSupervisor(WorkerProcess worker, ActiveRun handle, TimeSpan grace, TimeProvider time)
{
    /// <summary>Interval of imports: it limits the rate of writes and live messages.</summary>
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(200);

    /// <summary>A shorter interval at the start of a run, when important events up to the first step follow one another.</summary>
    private static readonly TimeSpan FirstPollInterval = TimeSpan.FromMilliseconds(40);

    private static readonly TimeSpan Beginning = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AfterLastEvent = TimeSpan.FromSeconds(20);

    private readonly long began = time.GetTimestamp();
    private TimeSpan? deadline;
    private bool cancelSent;
    private bool inputClosed;

    /// <summary>Whether the worker was killed.</summary>
    public bool Killed { get; private set; }

    public async Task WaitForExitAsync(AttemptImport import, CancellationToken stopping)
    {
        using CancellationTokenRegistration wakeOnStop = stopping.Register(handle.Wake);
        while (!worker.Exited.IsCompleted)
        {
            await Task.WhenAny(worker.Exited, handle.WaitAsync(Idle));
            import.TryImport();
            await ActAsync(import, stopping.IsCancellationRequested);
            await Task.WhenAny(worker.Exited, Task.Delay(time.GetElapsedTime(began) < Beginning ? FirstPollInterval : PollInterval, time, CancellationToken.None));
        }
    }

    private async Task ActAsync(AttemptImport import, bool stopping)
    {
        if (handle.CancelRequested && !cancelSent)
        {
            cancelSent = true;
            ShortenDeadline(grace);
            await worker.SendAsync(new Contracts.Worker.WorkerCommand { Cancel = true });
        }

        if (stopping && !inputClosed)
        {
            inputClosed = true;
            ShortenDeadline(grace);
            worker.CloseInput();
        }

        if (import.Ended is not null)
        {
            ShortenDeadline(AfterLastEvent);
        }

        if (handle.KillRequested || time.GetElapsedTime(began) >= deadline)
        {
            Killed = true;
            worker.Kill();
        }
    }

    private void ShortenDeadline(TimeSpan span)
    {
        TimeSpan at = time.GetElapsedTime(began) + span;
        deadline = deadline is { } earlier && earlier < at ? earlier : at;
    }
}
