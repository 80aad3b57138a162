using System.Collections.Concurrent;
using System.ComponentModel;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.Leases;
using LoraLab.Server.Workers;

namespace LoraLab.Server.Library.Pulls;

/// <summary>
/// Downloads of models and datasets: jobs that everybody sees, two at a time, each a process of the trainer. A download that the server
/// could not finish is interrupted; the next one of the same name continues with what has arrived. Each node has its own, and all nodes
/// show and cancel those of the others.
/// </summary>
internal sealed class PullService : IHostedService, IDisposable
{
    private const int Parallel = 2;
    private const int MaximumWaiting = 20;
    private const int Remembered = 50;
    private const string Interrupted = "The server was stopped during the download; start it again to continue with what has arrived.";

    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _places = new(Parallel);
    private readonly ConcurrentDictionary<string, PullDocument> _pulls = new();
    private readonly ConcurrentDictionary<string, CancellationTokenSource> _active = new();
    private readonly ConcurrentDictionary<string, Task> _jobs = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly PullRecords _records;
    private readonly ForeignPulls _foreign;
    private readonly INodes _nodes;
    private readonly WorkerLocator _locator;
    private readonly ILiveSink _live;
    private readonly RunIds _ids;
    private readonly TimeProvider _time;
    private readonly ILogger<PullService> _log;
    private readonly ITransientOutlet? _outlet;
    private ITimer? _exchange;

    public PullService(
        PullRecords records,
        ForeignPulls foreign,
        INodes nodes,
        WorkerLocator locator,
        ILiveSink live,
        RunIds ids,
        TimeProvider time,
        ILogger<PullService> log,
        ITransientOutlet? outlet = null)
    {
        (_records, _foreign, _nodes, _locator, _live, _ids, _time, _log, _outlet) =
            (records, foreign, nodes, locator, live, ids, time, log, outlet);
        foreach (PullDocument pull in records.Load())
        {
            _pulls[pull.Id] = pull;
            if (!pull.Ended())
            {
                End(pull.Id, PullState.Interrupted, Interrupted);
            }
        }
    }

    /// <summary>The downloads, the latest first.</summary>
    public IReadOnlyList<PullDocument> All =>
        [.. _pulls.Values.Concat(_foreign.All).OrderByDescending(pull => pull.Id, StringComparer.Ordinal)];

    /// <summary>A download.</summary>
    /// <exception cref="ApiFailure">There is none with this id.</exception>
    public PullDocument Get(string id) => _pulls.GetValueOrDefault(id) ?? _foreign.Find(id) ?? throw ApiFailure.NotFound(
        "pullNotFound", $"There is no download '{ApiFailure.Shorten(id)}'.");

    /// <summary>Whether something is being downloaded under a name.</summary>
    public bool IsActive(PullKind kind, string name) => Active(kind, name) is not null;

    /// <summary>Starts a download, or returns the one of the same name that has not ended.</summary>
    /// <exception cref="ApiFailure">Another revision of the name is being downloaded, or too many wait.</exception>
    public PullDocument Start(PullKind kind, PullRequest request)
    {
        if (_locator.Problem is { } problem)
        {
            throw ApiFailure.Unavailable("trainerUnavailable", problem);
        }

        lock (_gate)
        {
            if (Active(kind, request.Name) is { } current)
            {
                return current.Revision == request.Revision ? current : throw ApiFailure.Conflict(
                    "pullActive",
                    $"Another revision of {request.Name} ({current.Revision ?? "the default branch"}) is being downloaded; wait until that "
                        + "has ended, or cancel it.");
            }

            if (_pulls.Values.Count(pull => pull.State == PullState.Queued) >= MaximumWaiting)
            {
                throw ApiFailure.TooMany(
                    "tooManyPulls", $"{MaximumWaiting} downloads wait already; wait until one has ended.", TimeSpan.FromMinutes(1));
            }

            PullDocument pull = new()
            {
                Id = _ids.Next(),
                Node = _nodes.AreSeveral ? _nodes.Name : null,
                Kind = kind,
                Name = request.Name,
                Revision = request.Revision,
                CreatedAt = _time.GetUtcNow(),
            };
            _records.Save(pull);
            Forget(kind, request);
            CancellationTokenSource cancellation = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
            (_pulls[pull.Id], _active[pull.Id]) = (pull, cancellation);
            Publish(new PullNotice(pull, pull.Id));
            _jobs[pull.Id] = Task.Run(() => RunAsync(pull.Id, cancellation.Token));
            return pull;
        }
    }

    /// <summary>Cancels a download; one that has ended stays as it is.</summary>
    public PullDocument Cancel(string id)
    {
        PullDocument pull = Get(id);
        if (_active.TryGetValue(id, out CancellationTokenSource? cancellation))
        {
            cancellation.Cancel();
        }
        else if (!_pulls.ContainsKey(id))
        {
            _foreign.Cancel(pull);
        }

        return pull;
    }

    /// <summary>Forgets a download that has ended; what it has downloaded stays.</summary>
    /// <exception cref="ApiFailure">It has not ended.</exception>
    public void Delete(string id)
    {
        PullDocument pull = Get(id);
        if (!pull.Ended())
        {
            throw ApiFailure.Conflict("pullActive", $"The download of {pull.Name} has not ended; cancel it first.");
        }

        Remove(pull);
        Publish(new PullNotice(null, id));
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (_nodes.AreSeveral)
        {
            _exchange = _time.CreateTimer(_ => Exchange(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        }

        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await Task.WhenAny(Task.WhenAll(_jobs.Values), Task.Delay(Timeout.Infinite, cancellationToken));
    }

    public void Dispose()
    {
        _exchange?.Dispose();
        _stopping.Dispose();
        _places.Dispose();
    }

    private async Task RunAsync(string id, CancellationToken cancellationToken)
    {
        try
        {
            await _places.WaitAsync(cancellationToken);
            try
            {
                await DownloadAsync(id, cancellationToken);
            }
            finally
            {
                _places.Release();
            }
        }
        catch (OperationCanceledException)
        {
            EndStopped(id);
        }
        catch (Exception error) when (error is Win32Exception)
        {
            End(id, PullState.Failed, _locator.CannotStart(error));
        }
        catch (Exception error)
        {
            _log.LogError(error, "The download {Pull} failed", id);
            End(id, PullState.Failed, "The server failed to follow the download; see its log, and start it again.");
        }
        finally
        {
            _active.TryRemove(id, out _);
            _jobs.TryRemove(id, out _);
        }
    }

    private async Task DownloadAsync(string id, CancellationToken cancellationToken)
    {
        PullDocument pull = Change(id, pull => pull with { State = PullState.Running }, save: true);
        string? error = null;
        bool completed = false;
        using PullProcess process = PullProcess.Start(
            _locator,
            pull,
            read =>
            {
                error ??= read.Error;
                completed |= read.Completed;
                Change(id, current => Applied(current, read), save: false);
            },
            _log);
        Task stopped = Task.Delay(Timeout.Infinite, cancellationToken);
        if (await Task.WhenAny(process.Exited, stopped) == stopped)
        {
            await process.StopAsync();
        }

        int code = await process.Exited;
        if (completed && code == ExitCodes.Success)
        {
            End(id, PullState.Completed, null);
        }
        else if (cancellationToken.IsCancellationRequested)
        {
            EndStopped(id);
        }
        else
        {
            End(id, PullState.Failed, error ?? $"The trainer ended without a result (exit code {code}). {process.LastLine}".Trim());
        }
    }

    private static PullDocument Applied(PullDocument pull, PullEvent read)
    {
        if (read.Message is not null)
        {
            return pull with { Messages = [.. pull.Messages.Append(read.Message).TakeLast(10)] };
        }

        return read.Completed ? pull with { Commit = read.Commit }
            : read.Error is not null ? pull
            : pull with
            {
                File = read.File,
                Files = read.Files,
                TotalFiles = read.TotalFiles,
                Bytes = read.Bytes,
                TotalBytes = read.TotalBytes,
            };
    }

    /// <summary>Ends a download that was told to stop, by a user or with the server.</summary>
    private void EndStopped(string id)
    {
        if (_stopping.IsCancellationRequested)
        {
            End(id, PullState.Interrupted, Interrupted);
        }
        else
        {
            End(id, PullState.Cancelled, "Cancelled; start it again to continue with what has arrived.");
        }
    }

    private void End(string id, PullState state, string? error) => Change(
        id, pull => pull with { State = state, Error = error, File = null, EndedAt = _time.GetUtcNow() }, save: true);

    private PullDocument Change(string id, Func<PullDocument, PullDocument> change, bool save)
    {
        PullDocument changed;
        lock (_gate)
        {
            _pulls[id] = changed = change(_pulls[id]);
            if (save)
            {
                _records.TrySave(changed);
            }
        }

        Publish(new PullNotice(changed, id));
        return changed;
    }

    /// <summary>Progress is an event that is not replayed: a client that connects again reads the list.</summary>
    private void Publish(PullNotice notice)
    {
        LiveEvent live = new(
            0, null, LiveEventTypes.PullChanged, _time.GetUtcNow(), JsonSerializer.SerializeToElement(notice, ContractJson.Options));
        _live.Publish([live]);
        _outlet?.Send(live);
    }

    private PullDocument? Active(PullKind kind, string name) =>
        All.FirstOrDefault(pull => !pull.Ended() && pull.Kind == kind && pull.Name == name);

    /// <summary>Shows the other nodes how far the downloads of this one are, and does what they asked for.</summary>
    private void Exchange()
    {
        try
        {
            foreach (string id in _records.TakeCancelled())
            {
                _active.GetValueOrDefault(id)?.Cancel();
            }

            lock (_gate)
            {
                foreach (PullDocument pull in _pulls.Values)
                {
                    if (!pull.Ended())
                    {
                        _records.TrySave(pull);
                    }
                    else if (!_records.Has(pull.Id))
                    {
                        _pulls.TryRemove(pull.Id, out _);
                    }
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            _log.LogWarning("The downloads of other nodes cannot be read now ({Reason})", error.Message);
        }
    }

    /// <summary>A new download replaces the ended ones of the same revision, and the oldest of very many.</summary>
    private void Forget(PullKind kind, PullRequest request)
    {
        PullDocument[] ended = [.. _pulls.Values.Where(pull => pull.Ended()).OrderByDescending(pull => pull.Id, StringComparer.Ordinal)];
        foreach (PullDocument pull in ended.Where((pull, place) => place >= Remembered
            || (pull.Kind == kind && pull.Name == request.Name && pull.Revision == request.Revision)))
        {
            Remove(pull);
            Publish(new PullNotice(null, pull.Id));
        }
    }

    private void Remove(PullDocument pull)
    {
        if (_pulls.TryRemove(pull.Id, out _))
        {
            _records.Delete(pull);
        }
        else
        {
            _foreign.Delete(pull);
        }
    }
}
