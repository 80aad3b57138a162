using LoraLab.Server.Errors;
using LoraLab.Server.Worker;

namespace LoraLab.Server.Queue;

/// <summary>At start: first what a dead server left behind, then the lanes.</summary>
internal sealed class QueueStarter(Recovery recovery, Lanes lanes, TrainerInspector inspector, Readiness readiness, ILogger<QueueStarter> log) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Its first answer takes a moment; nobody should wait for it in a page.
        Task warm = WarmAsync(stoppingToken);
        await recovery.RunAsync(stoppingToken);
        lanes.Open();
        readiness.Set();
        await warm;
    }

    private async Task WarmAsync(CancellationToken stoppingToken)
    {
        try
        {
            await inspector.MethodsAsync(stoppingToken);
        }
        catch (ApiFailure failure)
        {
            log.LogError("{Problem}", failure.Message);
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }
}
