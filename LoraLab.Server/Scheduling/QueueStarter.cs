using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Workers;

namespace LoraLab.Server.Scheduling;

/// <summary>Startup: recovers what a dead server left behind, then opens the lanes.</summary>
internal sealed class QueueStarter(
    Recovery recovery,
    Lanes lanes,
    TrainerInspector inspector,
    Readiness readiness,
    IHostApplicationLifetime lifetime,
    TimeProvider time,
    ILogger<QueueStarter> log) : BackgroundLoop(time, log)
{
    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        // The inspector's first response is slow; no page should have to wait for it.
        Task warm = WarmAsync(stoppingToken);
        // Services start before the port is bound: a server that cannot listen must not touch any run.
        await WaitForStartAsync(stoppingToken);
        await recovery.RunAsync(stoppingToken);
        lanes.Open();
        readiness.Set();
        await warm;
    }

    private async Task WaitForStartAsync(CancellationToken stoppingToken)
    {
        TaskCompletionSource started = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using CancellationTokenRegistration registration = lifetime.ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(stoppingToken);
    }

    private async Task WarmAsync(CancellationToken stoppingToken)
    {
        try
        {
            await inspector.MethodsAsync(stoppingToken);
        }
        catch (ApiFailure failure)
        {
            Log.LogError("{Problem}", failure.Message);
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }
}
