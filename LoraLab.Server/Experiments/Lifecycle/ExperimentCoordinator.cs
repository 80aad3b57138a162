using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Scheduling;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Experiments.Lifecycle;

/// <summary>
/// Lets studies and sweeps go on when something happened to their runs. What it hears is only a reason to look: at start, and when the store was
/// opened again, it looks at everything that is not finished, so that nothing depends on what it heard.
/// </summary>
internal sealed class ExperimentCoordinator(IRunStore store, StoreChanges changes, ExperimentService plans, Readiness readiness, TimeProvider time, ILogger<ExperimentCoordinator> log) : BackgroundLoop(time, log)
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(5);

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        await readiness.Reached.WaitAsync(stoppingToken);
        using ChangeListener listener = changes.Subscribe(static change => change is StoreReopened or RunChanged { ExperimentId: not null, IsMoreThanProgress: true });
        HashSet<string> waiting = [.. Unfinished()];
        while (true)
        {
            waiting = await AdvanceAsync(waiting, stoppingToken);
            await WaitAsync(listener, waiting.Count > 0, stoppingToken);
            while (listener.Changes.TryRead(out StoreChange? change))
            {
                waiting.UnionWith(change is RunChanged { ExperimentId: string plan } ? [plan] : Unfinished());
            }
        }
    }

    /// <summary>Those that could not go on now.</summary>
    private async Task<HashSet<string>> AdvanceAsync(HashSet<string> waiting, CancellationToken stoppingToken)
    {
        HashSet<string> later = [];
        foreach (string id in waiting)
        {
            try
            {
                await plans.AdvanceAsync(id, stoppingToken);
            }
            catch (ApiFailure refused) when (refused.Errors is not null)
            {
                Log.LogError("{Plan} cannot go on: {Sentence}", id, refused.Message);
                plans.Fail(id, refused.Message);
            }
            catch (Exception error) when (error is ApiFailure || StorageFailure.Is(error))
            {
                Log.LogWarning("{Plan} cannot go on now ({Reason}); it is tried again", id, error.Message);
                later.Add(id);
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                // One that makes no sense must not keep the others from going on.
                Log.LogError(error, "{Plan} cannot go on", id);
            }
        }

        return later;
    }

    private async Task WaitAsync(ChangeListener listener, bool retry, CancellationToken stoppingToken)
    {
        using CancellationTokenSource pause = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        Task<bool> happened = listener.Changes.WaitToReadAsync(pause.Token).AsTask();
        if (retry)
        {
            await Task.WhenAny(happened, Task.Delay(RetryPause, Time, stoppingToken));
            if (!happened.IsCompleted)
            {
                await pause.CancelAsync();
                await ((Task)happened).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                stoppingToken.ThrowIfCancellationRequested();
                return;
            }
        }

        await happened;
    }

    private IEnumerable<string> Unfinished() => store.ListExperiments().Where(plan => !plan.Ended).Select(plan => plan.Id);
}
