using System.Collections.Concurrent;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Runs.Adapters;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.Records;
using LoraLab.Server.Storage.RunDirectories;
using LoraLab.Server.Workers;

namespace LoraLab.Server.Runs.Merging;

/// <summary>
/// Merges adapters into their models, one at a time, each by a trainer process. A merge does not depend on the request that asked for it;
/// its result lies in the run directory. It is written elsewhere first, so that the run can be deleted meanwhile.
/// </summary>
internal sealed class MergeService(
    IRunStore store,
    AdapterReferences adapters,
    WorkerLocator locator,
    RunDirectoryLocks directoryLocks,
    MergeList list,
    LoraLabPaths paths,
    DiskReserve reserve,
    IHostApplicationLifetime lifetime,
    ILogger<MergeService> log) : IDisposable
{
    private readonly ConcurrentDictionary<(string Run, AdapterChoice Which), MergeJob> _jobs = new();
    private readonly SemaphoreSlim _one = new(1, 1);

    private string Workplace => Path.Combine(paths.NodeDirectory, "merging");

    /// <summary>Removes what a server that was killed left unfinished.</summary>
    public void RemoveUnfinished()
    {
        try
        {
            if (Directory.Exists(Workplace))
            {
                Directory.Delete(Workplace, recursive: true);
            }
        }
        catch (Exception error) when (StorageFailure.Is(error))
        {
            log.LogWarning("Cannot remove unfinished merges in {Folder}: {Reason}", Workplace, error.Message);
        }
    }

    /// <summary>Starts the merges again that an earlier server did not complete.</summary>
    public void Continue()
    {
        foreach (AdapterReference waiting in list.All())
        {
            try
            {
                Start(store.Find(waiting.Name)?.Document ?? throw ApiFailure.NoRun(waiting.Name), waiting.Which);
            }
            catch (ApiFailure refused)
            {
                log.LogWarning("The merge of {Adapter} is not continued: {Reason}", waiting.Text, refused.Message);
                list.Remove(waiting.Name, waiting.Which);
            }
        }
    }

    /// <summary>The state of a merge.</summary>
    public RunMerge StateOf(RunDocument run, AdapterChoice which)
    {
        string folder = FolderOf(run.Id, which);
        return _jobs.TryGetValue((run.Id, which), out MergeJob? job) && (job.IsLive || !Directory.Exists(folder)) ? job.State : new()
        {
            RunId = run.Id,
            Which = which,
            State = Directory.Exists(folder) ? MergeState.Completed : MergeState.None,
            Bytes = Directory.Exists(folder)
                ? new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length)
                : null,
        };
    }

    /// <summary>Starts a merge, or returns the state of the one that is there.</summary>
    /// <exception cref="ApiFailure">The run has no such adapter.</exception>
    public RunMerge Start(RunDocument run, AdapterChoice which)
    {
        string adapter = adapters.Folder(run, which);
        if (File.Exists(Path.Combine(adapter, "config.json")))
        {
            throw ApiFailure.Conflict(
                "isModel", $"Run {run.Id} trained all weights: its result is a model already, and there is nothing to merge; download it.");
        }

        RunMerge state = StateOf(run, which);
        if (state.State is MergeState.Waiting or MergeState.Running or MergeState.Completed)
        {
            return state;
        }

        RequireSpace(run);
        MergeJob job = new(run.Id, which, locator);
        if (_jobs.TryGetValue((run.Id, which), out MergeJob? failed)
            ? !_jobs.TryUpdate((run.Id, which), job, failed)
            : !_jobs.TryAdd((run.Id, which), job))
        {
            job.Dispose();
            return StateOf(run, which);
        }

        list.Add(run.Id, which);
        _ = Task.Run(() => WorkAsync(job, run));
        return job.State;
    }

    /// <summary>Cancels a merge in progress; a completed one stays.</summary>
    public void Cancel(RunDocument run, AdapterChoice which)
    {
        if (_jobs.TryRemove((run.Id, which), out MergeJob? job))
        {
            job.Cancel();
            list.Remove(run.Id, which);
        }
    }

    /// <summary>The folder of a completed merge.</summary>
    /// <exception cref="ApiFailure">There is none.</exception>
    public string Result(RunDocument run, AdapterChoice which) =>
        StateOf(run, which).State == MergeState.Completed ? FolderOf(run.Id, which) : throw ApiFailure.NotFound(
            "notMerged", $"The adapter of run {run.Id} is not merged; POST /api/v1/runs/{run.Id}/merge starts it.");

    public void Dispose()
    {
        _one.Dispose();
        foreach (MergeJob job in _jobs.Values)
        {
            job.Dispose();
        }
    }

    private string FolderOf(string runId, AdapterChoice which) =>
        Path.Combine(paths.RunDirectory(runId), which == AdapterChoice.Best ? RunFiles.MergedBest : RunFiles.Merged);

    /// <summary>The merged model has about the size of its base, and the space that runs need stays free.</summary>
    private void RequireSpace(RunDocument run)
    {
        long bytes = store.Find(run.Id)?.Files.Where(file => file.Name.EndsWith(".safetensors", StringComparison.Ordinal))
            .Sum(file => file.Bytes) ?? 0;
        reserve.Require(bytes, "The merged model", "merge again", paths.DataDirectory, paths.RunsDirectory);
    }

    private async Task WorkAsync(MergeJob job, RunDocument run)
    {
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(
            job.Cancelled, lifetime.ApplicationStopping);
        string folder = Path.Combine(Workplace, Guid.NewGuid().ToString("n"));
        try
        {
            await _one.WaitAsync(either.Token);
            try
            {
                Directory.CreateDirectory(Workplace);
                if (await job.RunAsync(run.Spec.Model, folder, either.Token))
                {
                    Publish(folder, job, run.Id);
                }

                // Only an end that the server's own caused is no end.
                list.Remove(run.Id, job.State.Which);
            }
            finally
            {
                _one.Release();
            }
        }
        catch (OperationCanceledException)
        {
            // Nobody waits for it any more.
        }
        catch (Exception error) when (StorageFailure.Is(error))
        {
            job.Fail($"The merged model cannot be stored: {error.Message}");
            list.Remove(run.Id, job.State.Which);
        }
        finally
        {
            RemoveUnfinished(folder);
        }
    }

    private void Publish(string folder, MergeJob job, string runId)
    {
        using Lock.Scope scope = directoryLocks.AcquireLock();
        if (store.Find(runId) is null)
        {
            job.Fail($"Run {runId} was deleted while its adapter was merged.");
            return;
        }

        Directory.Move(folder, FolderOf(runId, job.State.Which));
        _jobs.TryRemove(new((runId, job.State.Which), job));
    }

    // The hidden folder beside it is what a killed trainer left.
    private void RemoveUnfinished(string folder)
    {
        try
        {
            foreach (string left in Directory.Exists(Workplace) ? Directory.GetDirectories(Workplace, $"*{Path.GetFileName(folder)}*") : [])
            {
                Directory.Delete(left, recursive: true);
            }
        }
        catch (Exception error) when (StorageFailure.Is(error))
        {
            log.LogWarning("Cannot remove an unfinished merge in {Folder}: {Reason}", Workplace, error.Message);
        }
    }
}
