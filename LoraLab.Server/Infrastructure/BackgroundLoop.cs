
namespace LoraLab.Server.Infrastructure;

/// <summary>
/// A background service that lasts as long as the server. Being told to stop, at any time, is its normal end. When its loop fails it says so
/// and begins again: .NET's host would otherwise end the whole server, with code 0, for one write that a full disk refused.
/// </summary>
internal abstract class BackgroundLoop(TimeProvider time, ILogger log) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    protected sealed override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (!await RunOnceAsync(stoppingToken))
            {
                await Task.Delay(Pause, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host logs a service that was stopped before the server had started as a failure.
        }
    }

    /// <summary>The clock.</summary>
    protected TimeProvider Time => time;

    /// <summary>The service's own log.</summary>
    protected ILogger Log => log;

    /// <summary>The work; called again, from its beginning, after it threw.</summary>
    protected abstract Task LoopAsync(CancellationToken stoppingToken);

    private async Task<bool> RunOnceAsync(CancellationToken stoppingToken)
    {
        try
        {
            await LoopAsync(stoppingToken);
            return true;
        }
        catch (Exception error) when (StorageFailure.Is(error))
        {
            log.LogWarning("{Service} cannot write now ({Reason}); it begins again in {Pause} s", GetType().Name, error.Message, Pause.TotalSeconds);
        }
        catch (Exception error) when (!stoppingToken.IsCancellationRequested)
        {
            log.LogError(error, "{Service} failed; it begins again in {Pause} s", GetType().Name, Pause.TotalSeconds);
        }

        return stoppingToken.IsCancellationRequested;
    }
}
