using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Scheduling;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.Leases;

namespace LoraLab.Server.Experiments.Lifecycle;

/// <summary>
/// Advances studies and sweeps when their runs change. A change is only a trigger, never an input of a decision: at startup, and when the
/// store was reopened, every unfinished experiment is advanced, so that a missed change costs nothing. Of several nodes, the leader does.
/// </summary>
internal sealed class ExperimentCoordinator(
    IRunStore store,
    StoreChanges changes,
    ExperimentService experiments,
    INodes nodes,
    Readiness readiness,
    TimeProvider time,
    ILogger<ExperimentCoordinator> log) : BackgroundLoop(time, log)
{
    private static readonly TimeSpan _retryDelay = TimeSpan.FromSeconds(5);

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        await readiness.Reached.WaitAsync(stoppingToken);
        using ChangeListener listener =
            changes.Subscribe(static change => change is StoreReopened or RunChanged { ExperimentId: not null, IsMoreThanProgress: true });
        HashSet<string> waiting = [.. Unfinished()];
        bool led = nodes.IsLeader;
        while (true)
        {
            if (nodes.IsLeader)
            {
                // A new leader does not know what the last one still had to do.
                waiting = await AdvanceAllAsync(led ? waiting : [.. Unfinished()], stoppingToken);
            }

            led = nodes.IsLeader;
            await WaitAsync(listener, waiting.Count > 0 || !led, stoppingToken);
            while (listener.Changes.TryRead(out StoreChange? change))
            {
                waiting.UnionWith(change is RunChanged { ExperimentId: string experiment } ? [experiment] : Unfinished());
            }
        }
    }

    /// <summary>Advances each experiment; returns those to retry.</summary>
    private async Task<HashSet<string>> AdvanceAllAsync(HashSet<string> waiting, CancellationToken stoppingToken)
    {
        HashSet<string> retry = [];
        foreach (string id in waiting)
        {
            try
            {
                await experiments.AdvanceAsync(id, stoppingToken);
            }
            catch (ApiFailure rejected) when (rejected.Errors is not null)
            {
                Log.LogError(
                    "Experiment {Experiment} failed, because a run that it requires was rejected: {Message}", id, rejected.Message);
                experiments.Fail(id, rejected.Message);
            }
            catch (Exception error) when (error is ApiFailure || StorageFailure.Is(error))
            {
                Log.LogWarning(
                    "Experiment {Experiment} cannot be advanced now ({Reason}); retrying in {Delay} s",
                    id,
                    error.Message,
                    _retryDelay.TotalSeconds);
                retry.Add(id);
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                // A defective experiment must not block the others.
                Log.LogError(error, "Experiment {Experiment} cannot be advanced", id);
            }
        }

        return retry;
    }

    private async Task WaitAsync(ChangeListener listener, bool retry, CancellationToken stoppingToken)
    {
        using CancellationTokenSource wait = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        Task<bool> changed = listener.Changes.WaitToReadAsync(wait.Token).AsTask();
        if (retry)
        {
            await Task.WhenAny(changed, Task.Delay(_retryDelay, Time, stoppingToken));
            if (!changed.IsCompleted)
            {
                await wait.CancelAsync();
                await ((Task)changed).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                stoppingToken.ThrowIfCancellationRequested();
                return;
            }
        }

        await changed;
    }

    private IEnumerable<string> Unfinished() =>
        store.ListExperiments().Where(experiment => !experiment.Ended).Select(experiment => experiment.Id);
}
