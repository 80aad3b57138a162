using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Runs;
using LoraLab.Server.Scheduling;
using LoraLab.Server.Security;
using LoraLab.Server.Storage;
using LoraLab.Server.Workers;
using Microsoft.Extensions.Options;

namespace LoraLab.Server.Experiments.Lifecycle;

/// <summary>
/// Creates experiments (studies and sweeps) and applies their steps. Specifications are checked outside the transaction, because the check
/// calls the trainer; inside it the step is computed again and applied only if it is the one that was checked.
/// </summary>
internal sealed class ExperimentService(
    IRunStore store,
    IEnumerable<IExperimentDriver> drivers,
    ExperimentRunCheck check,
    RunAdmission admission,
    Submitter submitter,
    IntermediateFiles files,
    Lanes lanes,
    ActiveRuns active,
    IOptions<LoraLabOptions> options,
    TimeProvider time,
    ILogger<ExperimentService> log)
{
    private const int MaxSteps = 1000;

    private readonly Dictionary<ExperimentKind, IExperimentDriver> _drivers = drivers.ToDictionary(driver => driver.Kind);

    /// <summary>Requires that no other experiment of the kind has the name, ignoring case.</summary>
    /// <param name="store">The stored experiments.</param>
    /// <param name="kind">The kind.</param>
    /// <param name="name">The name.</param>
    /// <param name="exceptId">An experiment that may already have the name.</param>
    /// <exception cref="ApiFailure">The name is in use.</exception>
    public static void RequireUniqueName(IStoreReader store, ExperimentKind kind, string name, string? exceptId = null)
    {
        if (store.ListExperiments(kind).FirstOrDefault(other =>
            other.Id != exceptId && string.Equals(other.Name, name, StringComparison.OrdinalIgnoreCase)) is { } taken)
        {
            string noun = kind.ToString().ToLowerInvariant();
            throw ApiFailure.Conflict(
                $"{noun}NameTaken", $"A {noun} named '{taken.Name}' already exists ({taken.Id}); choose another name.");
        }
    }

    /// <summary>Creates the experiment with the runs of its first step: all of them, or nothing.</summary>
    public async Task<StoredExperiment> CreateAsync(
        StoredExperiment experiment, ExperimentResponse? response, CancellationToken cancellationToken)
    {
        experiment = experiment with { SubmittedBy = submitter.Name };
        IExperimentDriver driver = _drivers[experiment.Kind];
        ExperimentStep first = driver.Next(experiment, new Dictionary<string, RunDocument>(), store, time.GetUtcNow());
        // Checked before the trainer is asked about every run.
        admission.RequireQueueCapacity(store, first.Runs.Count);
        IReadOnlyDictionary<string, AdmittedRun> admitted = await check.CheckAsync(experiment, first.Runs, cancellationToken);
        IReadOnlyDictionary<string, AdmittedRun> named = WithIds(first, admitted);
        StoredExperiment created = store.Transact(StoreScope.Experiment(experiment.Id) + StoreScope.Queue, transaction =>
        {
            RequireUniqueName(transaction, experiment.Kind, experiment.Name);
            admission.RequireQueueCapacity(transaction, first.Runs.Count);
            transaction.PutExperiment(experiment);
            StoredExperiment stored = Apply(transaction, driver, experiment, first, named);
            if (response is not null)
            {
                transaction.PutResponse(new StoredResponse(
                    response.Key,
                    response.BodyHash,
                    experiment.Id,
                    response.Body(stored, transaction),
                    transaction.Now,
                    ForExperiment: true));
            }

            return stored;
        });
        lanes.Wake();
        return created;
    }

    /// <summary>Changes the experiment's document and applies the steps that follow from it.</summary>
    public async Task<StoredExperiment> ChangeAsync(
        string experimentId, Func<StoredExperiment, DateTimeOffset, StoredExperiment> change, CancellationToken cancellationToken)
    {
        store.Transact(StoreScope.Experiment(experimentId), transaction =>
        {
            StoredExperiment experiment = transaction.FindExperiment(experimentId)!;
            if (change(experiment, transaction.Now) is { } changed && !changed.ContentEquals(experiment))
            {
                transaction.PutExperiment(changed);
            }
        });
        await AdvanceAsync(experimentId, cancellationToken);
        return store.FindExperiment(experimentId)!;
    }

    /// <summary>Changes the name and description of an experiment; no step follows.</summary>
    /// <param name="experimentId">The experiment.</param>
    /// <param name="name">The new name; null keeps the present one.</param>
    /// <param name="change">Maps the experiment, with its new name, to the one to store.</param>
    /// <exception cref="ApiFailure">Another experiment of the kind has the name.</exception>
    public void UpdateDescription(string experimentId, string? name, Func<StoredExperiment, StoredExperiment> change) =>
        store.Transact(StoreScope.Experiment(experimentId), transaction =>
        {
            StoredExperiment experiment = transaction.FindExperiment(experimentId)!;
            if (name is not null)
            {
                RequireUniqueName(transaction, experiment.Kind, name, exceptId: experimentId);
            }

            if (change(experiment with { Name = name ?? experiment.Name }) is { } changed && !changed.ContentEquals(experiment))
            {
                transaction.PutExperiment(changed);
            }
        });

    /// <summary>Applies steps until there is nothing left to do.</summary>
    public async Task AdvanceAsync(string experimentId, CancellationToken cancellationToken)
    {
        for (int i = 0; i < MaxSteps; i++)
        {
            if (store.FindExperiment(experimentId) is not { } experiment)
            {
                return;
            }

            IExperimentDriver driver = _drivers[experiment.Kind];
            ExperimentStep step = NextStep(driver, experiment, store.RunsOf(experiment.Kind, experiment.Id), store, time.GetUtcNow());
            if (ChangesNothing(experiment, step))
            {
                files.Remove(experiment);
                return;
            }

            await ApplyAsync(driver, experiment, step, cancellationToken);
        }

        log.LogError(
            "{Kind} {Experiment} still requests changes after {Steps} steps; giving up until one of its runs changes",
            store.FindExperiment(experimentId)?.Kind,
            experimentId,
            MaxSteps);
    }

    /// <summary>Ends the experiment as failed: a run that it requires was rejected, and would be again.</summary>
    public void Fail(string experimentId, string message) => store.Transact(StoreScope.Experiment(experimentId), transaction =>
    {
        if (transaction.FindExperiment(experimentId) is { } experiment)
        {
            transaction.PutExperiment(_drivers[experiment.Kind].Fail(experiment, message, transaction.Now));
        }
    });

    private static bool ChangesNothing(StoredExperiment experiment, ExperimentStep step) =>
        step.Runs.Count == 0 && step.Stops.Count == 0 && step.Resumes.Count == 0 && step.Experiment.ContentEquals(experiment);

    /// <summary>
    /// The driver's next step without what has already happened: runs that exist, stops of ended runs, resumes of running ones.
    /// </summary>
    private static ExperimentStep NextStep(
        IExperimentDriver driver,
        StoredExperiment experiment,
        IReadOnlyDictionary<string, RunDocument> own,
        IRunSeries series,
        DateTimeOffset now)
    {
        Dictionary<string, RunDocument> byId = own.Values.ToDictionary(run => run.Id);
        ExperimentStep step = driver.Next(experiment, own, series, now);
        return step with
        {
            Runs = [.. step.Runs.Where(run => !own.ContainsKey(run.Key))],
            Stops = [.. step.Stops.Where(stop => byId.TryGetValue(stop.RunId, out RunDocument? run)
                && run.State is RunState.Queued or RunState.Preparing or RunState.Running)],
            Resumes = [.. step.Resumes.Where(id => byId.TryGetValue(id, out RunDocument? run) && RunStateMachine.CanResume(run))],
        };
    }

    private async Task ApplyAsync(
        IExperimentDriver driver, StoredExperiment experiment, ExperimentStep step, CancellationToken cancellationToken)
    {
        IReadOnlyDictionary<string, AdmittedRun> admitted = await check.CheckAsync(experiment, step.Runs, cancellationToken);
        IReadOnlyDictionary<string, AdmittedRun> named = WithIds(step, admitted);
        IReadOnlyList<RequestedStop> stops = store.Transact(StoreScope.Experiment(experiment.Id) + StoreScope.Queue, transaction =>
        {
            if (transaction.FindExperiment(experiment.Id) is not { } now
                || NextStep(driver, now, transaction.RunsOf(now.Kind, now.Id), transaction, transaction.Now) is not { } again
                || !ExperimentRunCheck.Covers(named, again.Runs))
            {
                // The store changed in the meantime: the next iteration computes the step again.
                return [];
            }

            Apply(transaction, driver, now, again, named);
            return again.Stops;
        });
        foreach (RequestedStop stop in stops)
        {
            active.Cancel(stop.RunId);
        }

        lanes.Wake();
    }

    /// <summary>Assigns ids in the order of the runs, before the transaction, whose work must be repeatable.</summary>
    private Dictionary<string, AdmittedRun> WithIds(ExperimentStep step, IReadOnlyDictionary<string, AdmittedRun> admitted) =>
        step.Runs.ToDictionary(run => run.Key, run => admission.WithId(admitted[run.Key]));

    private StoredExperiment Apply(
        IStoreTransaction transaction,
        IExperimentDriver driver,
        StoredExperiment before,
        ExperimentStep step,
        IReadOnlyDictionary<string, AdmittedRun> admitted)
    {
        // Later runs of an admitted experiment are not rejected when the queue is full: the experiment could wait forever for free places.
        foreach (RequestedRun run in step.Runs)
        {
            RunAdmission.Add(transaction, admitted[run.Key]);
        }

        foreach (RequestedStop stop in step.Stops)
        {
            Stop(transaction, stop);
        }

        foreach (string id in step.Resumes)
        {
            RunRequeuing.Resume(transaction, id);
        }

        // Computed again, so that the document has the ids of its new runs.
        StoredExperiment after = driver.Next(
            step.Experiment, transaction.RunsOf(step.Experiment.Kind, step.Experiment.Id), transaction, transaction.Now).Experiment;
        if (!after.ContentEquals(before))
        {
            transaction.PutExperiment(after);
        }

        return after;
    }

    private void Stop(IStoreTransaction transaction, RequestedStop stop)
    {
        DateTimeOffset now = transaction.Now;
        DateTimeOffset deadline = now + TimeSpan.FromSeconds(options.Value.CancelGraceSeconds);
        StoredRun run = transaction.Find(stop.RunId)!;
        RunDocument? stopped = stop.Rule is { } rule
            ? RunStateMachine.Prune(run.Document, rule, deadline, now)
            : RunStateMachine.Cancel(run.Document, deadline, now);
        if (stopped is not null)
        {
            transaction.Put(run with { Document = stopped });
            transaction.EmitState(stopped);
        }
    }
}
