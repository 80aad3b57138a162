using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Runs;
using LoraLab.Server.Scheduling;
using LoraLab.Server.Storage;
using LoraLab.Server.Workers;
using Microsoft.Extensions.Options;

namespace LoraLab.Server.Experiments.Lifecycle;

/// <summary>
/// Creates studies and sweeps and takes their steps. Specifications are checked outside the transaction, because the trainer is asked; inside
/// it the step is computed once more, and taken only when it is the one that was checked.
/// </summary>
internal sealed class ExperimentService(
    IRunStore store, IEnumerable<IExperimentDriver> drivers, ExperimentRunCheck check, RunAdmission admission, Lanes lanes, ActiveRuns active, IOptions<LoraLabOptions> options, TimeProvider time, ILogger<ExperimentService> log)
{
    private const int MostSteps = 1000;

    private readonly Dictionary<ExperimentKind, IExperimentDriver> drivers = drivers.ToDictionary(driver => driver.Kind);

    /// <summary>Refuses a name that another of the kind has.</summary>
    /// <param name="queries">Knows the others.</param>
    /// <param name="planKind">The kind.</param>
    /// <param name="name">The name.</param>
    /// <param name="itself">A plan that may have it already.</param>
    public static void RequireName(IStoreReader queries, ExperimentKind planKind, string name, string? itself = null)
    {
        if (queries.ListExperiments(planKind).FirstOrDefault(other => other.Id != itself && string.Equals(other.Name, name, StringComparison.OrdinalIgnoreCase)) is { } taken)
        {
            string kind = planKind.ToString().ToLowerInvariant();
            throw ApiFailure.Conflict($"{kind}NameTaken", $"There is a {kind} named '{taken.Name}' already ({taken.Id}); give this one another name.");
        }
    }

    /// <summary>The plan and the runs of its first step come into being together, or not at all.</summary>
    public async Task<StoredExperiment> CreateAsync(StoredExperiment plan, ExperimentResponse? answer, CancellationToken cancellationToken)
    {
        IExperimentDriver driver = drivers[plan.Kind];
        ExperimentStep first = driver.Next(plan, new Dictionary<string, RunDocument>(), store, time.GetUtcNow());
        // Before each of many runs is checked.
        admission.RequireQueueCapacity(store, first.Runs.Count);
        IReadOnlyDictionary<string, AdmittedRun> admitted = await check.CheckAsync(plan.Kind, plan.Id, first.Runs, cancellationToken);
        IReadOnlyDictionary<string, AdmittedRun> named = WithIds(first, admitted);
        StoredExperiment created = store.Transact(StoreScope.Experiment(plan.Id) + StoreScope.Queue, transaction =>
        {
            RequireName(transaction, plan.Kind, plan.Name);
            admission.RequireQueueCapacity(transaction, first.Runs.Count);
            transaction.PutExperiment(plan);
            StoredExperiment stored = Take(transaction, driver, plan, first, named);
            if (answer is not null)
            {
                transaction.PutResponse(new StoredResponse(answer.Key, answer.BodyHash, plan.Id, answer.Body(stored, transaction), transaction.Now, ForExperiment: true));
            }

            return stored;
        });
        lanes.Wake();
        return created;
    }

    /// <summary>Changes the plan's document, then does what follows from it.</summary>
    public async Task<StoredExperiment> ChangeAsync(string experimentId, Func<StoredExperiment, DateTimeOffset, StoredExperiment> change, CancellationToken cancellationToken)
    {
        store.Transact(StoreScope.Experiment(experimentId), transaction =>
        {
            StoredExperiment plan = transaction.FindExperiment(experimentId)!;
            if (change(plan, transaction.Now) is { } changed && !changed.ContentEquals(plan))
            {
                transaction.PutExperiment(changed);
            }
        });
        await AdvanceAsync(experimentId, cancellationToken);
        return store.FindExperiment(experimentId)!;
    }

    /// <summary>Changes what describes the plan; nothing follows from it.</summary>
    /// <param name="experimentId">The plan.</param>
    /// <param name="name">Its new name; null: as it is.</param>
    /// <param name="change">Takes the plan with its new name.</param>
    /// <exception cref="ApiFailure">Another of the kind has the name.</exception>
    public void Describe(string experimentId, string? name, Func<StoredExperiment, StoredExperiment> change) => store.Transact(StoreScope.Experiment(experimentId), transaction =>
    {
        StoredExperiment plan = transaction.FindExperiment(experimentId)!;
        if (name is not null)
        {
            RequireName(transaction, plan.Kind, name, itself: experimentId);
        }

        if (change(plan with { Name = name ?? plan.Name }) is { } changed && !changed.ContentEquals(plan))
        {
            transaction.PutExperiment(changed);
        }
    });

    /// <summary>Takes steps until there is nothing to do.</summary>
    public async Task AdvanceAsync(string experimentId, CancellationToken cancellationToken)
    {
        for (int i = 0; i < MostSteps; i++)
        {
            if (store.FindExperiment(experimentId) is not { } plan)
            {
                return;
            }

            IExperimentDriver driver = drivers[plan.Kind];
            ExperimentStep step = Step(driver, plan, store.RunsOf(plan.Kind, plan.Id), store, time.GetUtcNow());
            if (ChangesNothing(plan, step))
            {
                return;
            }

            await TakeAsync(driver, plan, step, cancellationToken);
        }

        log.LogError("{Kind} {Plan} does not come to rest: after {Steps} steps it asks for more", store.FindExperiment(experimentId)?.Kind, experimentId, MostSteps);
    }

    /// <summary>Ends the plan: what it asks for is refused, and would be again.</summary>
    public void Fail(string experimentId, string sentence) => store.Transact(StoreScope.Experiment(experimentId), transaction =>
    {
        if (transaction.FindExperiment(experimentId) is { } plan)
        {
            transaction.PutExperiment(drivers[plan.Kind].Fail(plan, sentence, transaction.Now));
        }
    });

    private static bool ChangesNothing(StoredExperiment plan, ExperimentStep step) =>
        step.Runs.Count == 0 && step.Stops.Count == 0 && step.Resumes.Count == 0 && step.Plan.ContentEquals(plan);

    /// <summary>The step without what cannot be done: stopping what has stopped, resuming what runs.</summary>
    private static ExperimentStep Step(IExperimentDriver driver, StoredExperiment plan, IReadOnlyDictionary<string, RunDocument> own, IRunSeries series, DateTimeOffset now)
    {
        Dictionary<string, RunDocument> byId = own.Values.ToDictionary(run => run.Id);
        ExperimentStep step = driver.Next(plan, own, series, now);
        return step with
        {
            Runs = [.. step.Runs.Where(run => !own.ContainsKey(run.Key))],
            Stops = [.. step.Stops.Where(stop => byId.TryGetValue(stop.RunId, out RunDocument? run) && run.State is RunState.Queued or RunState.Preparing or RunState.Running)],
            Resumes = [.. step.Resumes.Where(id => byId.TryGetValue(id, out RunDocument? run) && RunStateMachine.CanResume(run))],
        };
    }

    private async Task TakeAsync(IExperimentDriver driver, StoredExperiment plan, ExperimentStep step, CancellationToken cancellationToken)
    {
        IReadOnlyDictionary<string, AdmittedRun> admitted = await check.CheckAsync(plan.Kind, plan.Id, step.Runs, cancellationToken);
        IReadOnlyDictionary<string, AdmittedRun> named = WithIds(step, admitted);
        IReadOnlyList<RequestedStop> stops = store.Transact(StoreScope.Experiment(plan.Id) + StoreScope.Queue, transaction =>
        {
            if (transaction.FindExperiment(plan.Id) is not { } now || Step(driver, now, transaction.RunsOf(now.Kind, now.Id), transaction, transaction.Now) is not { } again || !ExperimentRunCheck.Covers(named, again.Runs))
            {
                // Something happened meanwhile: the next round sees it.
                return [];
            }

            Take(transaction, driver, now, again, named);
            return again.Stops;
        });
        foreach (RequestedStop stop in stops)
        {
            active.Cancel(stop.RunId);
        }

        lanes.Wake();
    }

    /// <summary>Ids in the order of the runs, drawn before the transaction.</summary>
    private Dictionary<string, AdmittedRun> WithIds(ExperimentStep step, IReadOnlyDictionary<string, AdmittedRun> admitted) =>
        step.Runs.ToDictionary(run => run.Key, run => admission.WithId(admitted[run.Key]));

    private StoredExperiment Take(IStoreTransaction transaction, IExperimentDriver driver, StoredExperiment before, ExperimentStep step, IReadOnlyDictionary<string, AdmittedRun> admitted)
    {
        // What follows from a plan that was admitted is not refused for a full queue: it could wait for ever for room that nobody keeps.
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

        // Once more, so that the document knows the ids of its new runs.
        StoredExperiment after = driver.Next(step.Plan, transaction.RunsOf(step.Plan.Kind, step.Plan.Id), transaction, transaction.Now).Plan;
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
        RunDocument? stopped = stop.Rule is { } rule ? RunStateMachine.Prune(run.Document, rule, deadline, now) : RunStateMachine.Cancel(run.Document, deadline, now);
        if (stopped is not null)
        {
            transaction.Put(run with { Document = stopped });
            transaction.EmitState(stopped);
        }
    }
}
