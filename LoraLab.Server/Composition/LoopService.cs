namespace LoraLab.Server.Composition;

/// <summary>A background service for which being told to stop, at any time, is the normal end and not a failure.</summary>
internal abstract class LoopService : BackgroundService
{
    protected sealed override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await LoopAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host logs a service that was stopped before the server had started as a failure.
        }
    }

    protected abstract Task LoopAsync(CancellationToken stoppingToken);
}
