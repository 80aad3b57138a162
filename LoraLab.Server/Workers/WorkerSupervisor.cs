namespace LoraLab.Server.Workers;

/// <summary>
/// Waits for a worker's exit, imports on the way, and passes on a cancel or the server's stop; who does not obey in time is killed.
/// Deadlines are spans of a clock that nobody sets.
/// </summary>
internal sealed class WorkerSupervisor(WorkerProcess worker, ActiveRun handle, TimeSpan grace, TimeProvider time)
{
    /// <summary>Events are taken in batches of this span: it bounds writes and live messages alike.</summary>
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(200);

    /// <summary>At its beginning a run tells one important thing after the other, up to the first step: those are not held back for long.</summary>
    private static readonly TimeSpan FirstPollInterval = TimeSpan.FromMilliseconds(40);

    private static readonly TimeSpan Beginning = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AfterLastEvent = TimeSpan.FromSeconds(20);

    private readonly long began = time.GetTimestamp();
    private TimeSpan? deadline;
    private bool cancelSent;
    private bool inputClosed;

    /// <summary>It did not obey and was killed.</summary>
    public bool Killed { get; private set; }

    public async Task UntilExitAsync(AttemptImport import, CancellationToken stopping)
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
