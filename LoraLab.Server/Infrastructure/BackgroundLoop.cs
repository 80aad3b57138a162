
namespace LoraLab.Server.Infrastructure;

/// <summary>
/// A background service that runs as long as the server; cancellation is its normal end. A loop that fails is logged and restarted: .NET's
/// host would otherwise stop the whole server, with code 0, because of a single failed write on a full disk.
/// </summary>
internal abstract class BackgroundLoop(TimeProvider time, ILogger log) : BackgroundService
{
    private static readonly TimeSpan _pause = TimeSpan.FromSeconds(2);

    /// <summary>The clock.</summary>
    protected TimeProvider Time => time;

    /// <summary>The service's own log.</summary>
    protected ILogger Log => log;

    protected sealed override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (!await RunOnceAsync(stoppingToken))
            {
                await Task.Delay(_pause, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host would log a service that was stopped before the server had started as a failure.
        }
    }

    /// <summary>The work; restarted from the beginning after an exception.</summary>
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
            log.LogWarning(
                "{Service} cannot write ({Reason}); restarting in {Pause} s", GetType().Name, error.Message, _pause.TotalSeconds);
        }
        catch (Exception error) when (!stoppingToken.IsCancellationRequested)
        {
            log.LogError(error, "{Service} failed; restarting in {Pause} s", GetType().Name, _pause.TotalSeconds);
        }

        return stoppingToken.IsCancellationRequested;
    }
}
