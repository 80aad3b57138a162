using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Runs.Estimates;
using LoraLab.Server.Scheduling;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.Records;
using LoraLab.Server.Workers;
using Microsoft.Extensions.Options;

namespace LoraLab.Server.Runs;

/// <summary>Operations on runs: submit, edit, stop, resume, delete.</summary>
internal sealed class RunService(
    IRunStore store,
    SpecChecker checker,
    RunAdmission admission,
    RunOutlook outlook,
    Lanes lanes,
    ActiveRuns active,
    RunDeletions deletions,
    Idempotency idempotency,
    IOptions<LoraLabOptions> options)
{
    public async Task<DryRunResult> DryRunAsync(JsonObject spec, CancellationToken cancellationToken)
    {
        SpecValidation valid = await checker.CheckAsync(spec, cancellationToken);
        return outlook.Add(RunAdmission.DryRun(valid, RunAdmission.NameOf(valid, store.HasName)), valid, spec);
    }

    public async Task<RunDocument> SubmitAsync(JsonObject spec, string? clonedFrom, CancellationToken cancellationToken)
    {
        return Insert(await admission.CheckAsync(spec, cancellationToken) with { ClonedFrom = clonedFrom }, response: null);
    }

    /// <summary>Submits once per key: the same key and body return the stored response, another body is rejected.</summary>
    public Task<(string Id, string Body, bool Replayed)> SubmitOnceAsync(string key, JsonObject spec, CancellationToken cancellationToken)
    {
        string hash = Idempotency.HashOf(kind: null, spec.ToJsonString());
        return idempotency.CreateAsync(
            key, hash, async () => Insert(await admission.CheckAsync(spec, cancellationToken), (key, hash)), cancellationToken);
    }

    /// <summary>What a clone of a run starts from.</summary>
    public CloneTemplate Template(string id)
    {
        StoredRun source = store.Find(id) ?? throw ApiFailure.NoRun(id);
        JsonObject spec = OpenSpec.Of(source.Document.Spec, source.Submitted);
        return new(
            spec.Deserialize<RunSpec>(ContractJson.Options)! with { Name = null, Notes = null, Tags = source.Document.Tags, Priority = 0 },
            OpenSpec.Used(source.Document.Spec, source.Submitted));
    }

    public async Task<RunDocument> CloneAsync(string id, JsonObject changes, CancellationToken cancellationToken)
    {
        StoredRun source = store.Find(id) ?? throw ApiFailure.NoRun(id);
        return await SubmitAsync(CloneSpec.Create(source, changes), id, cancellationToken);
    }

    public RunDocument Edit(string id, RunPatch patch, bool clearNotes)
    {
        RunDocument edited = store.Transact(ScopeOf(id), transaction =>
        {
            StoredRun run = transaction.Find(id) ?? throw ApiFailure.NoRun(id);
            RunDocument document = run.Document;
            document = document with
            {
                Name = patch.Name?.Trim() ?? document.Name,
                Notes = clearNotes ? null : patch.Notes ?? document.Notes,
                Tags = patch.Tags is null ? document.Tags : RunTextRules.Clean(patch.Tags),
                Priority = patch.Priority ?? document.Priority,
            };
            document = document with
            {
                Spec = document.Spec with
                {
                    Name = document.Name,
                    Notes = document.Notes,
                    Tags = document.Tags,
                    Priority = document.Priority,
                },
            };
            transaction.Put(run with { Document = document });
            transaction.EmitState(document);
            return transaction.WithQueuePosition(document);
        });
        lanes.Wake();
        return edited;
    }

    /// <summary>Why an ended run cannot be cancelled.</summary>
    public static ApiFailure AlreadyEnded(RunDocument run) =>
        ApiFailure.Conflict("runEnded", $"Run {run.Id} has already ended ({run.State.ToString().ToLowerInvariant()}).");

    /// <summary>Requests that the run's worker save a checkpoint and stop; it is killed if it does not within the grace period.</summary>
    public RunDocument Cancel(string id)
    {
        RunDocument cancelled = Stop(id, TimeSpan.FromSeconds(options.Value.CancelGraceSeconds));
        active.Cancel(id);
        return cancelled;
    }

    /// <summary>Kills the run's worker; progress since its last checkpoint is lost.</summary>
    public RunDocument Kill(string id)
    {
        RunDocument cancelled = Stop(id, TimeSpan.Zero);
        active.Kill(id);
        return cancelled;
    }

    /// <summary>Returns an ended run to the head of the queue; its next attempt continues from the last checkpoint.</summary>
    public RunDocument Resume(string id)
    {
        RunDocument resumed = store.Transact(ScopeOf(id), transaction =>
        {
            StoredRun run = transaction.Find(id) ?? throw ApiFailure.NoRun(id);
            return RunRequeuing.Resume(transaction, id) ?? throw ApiFailure.Conflict("cannotResume", WhyNotResumable(run.Document));
        });
        lanes.Wake();
        return resumed;
    }

    public void Delete(string id)
    {
        if (Delete([id], _ => true) is [(_, { } refused)])
        {
            throw refused;
        }
    }

    /// <summary>Deletes runs in one transaction; others stay as they are.</summary>
    /// <param name="ids">The runs.</param>
    /// <param name="isChosen">Whether a run is still one of those to delete.</param>
    /// <returns>The runs that are deleted, and those that cannot be, with the reason; not those that are no longer chosen.</returns>
    public IReadOnlyList<(string Id, ApiFailure? Refused)> Delete(IReadOnlyList<string> ids, Predicate<RunDocument> isChosen)
    {
        string[] begun = [.. ids.Where(id => WhyNotDeletable(store.Find(id), id) is null)];
        foreach (string id in begun)
        {
            deletions.Begin(id);
        }

        string[] deleted = [];
        try
        {
            deleted = begun.Length == 0 ? [] : store.Transact(
                StoreScope.Runs(begun) + StoreScope.Queue,
                transaction => (string[])[.. begun.Where(id => Remove(transaction, id, isChosen))]);
        }
        finally
        {
            // Another request may have deleted a run meanwhile, or a failed commit taken effect after all: without its marker, such a run
            // would be rebuilt at the next start.
            foreach (string id in begun)
            {
                if (store.Find(id) is null)
                {
                    deletions.Finish(id);
                }
                else
                {
                    deletions.Cancel(id);
                }
            }
        }

        return
        [
            .. ids.Select(id => (id, Refused: deleted.Contains(id) ? null : WhyNotDeletable(store.Find(id), id)))
                .Where(outcome => outcome.Refused is not null || deleted.Contains(outcome.id)),
        ];
    }

    private static bool Remove(IStoreTransaction transaction, string id, Predicate<RunDocument> isChosen)
    {
        if (transaction.Find(id) is not { } run || WhyNotDeletable(run, id) is not null || !isChosen(run.Document))
        {
            return false;
        }

        transaction.Remove(id);
        transaction.Emit(id, LiveEventTypes.RunState, new { deleted = true });
        return true;
    }

    /// <summary>Why the adapter of a run cannot be deleted while an alias refers to it.</summary>
    public static ApiFailure HasAlias(RunDocument run) => ApiFailure.Conflict(
        "runHasAlias",
        $"Run {run.Id} is known as '{string.Join("', '", run.Aliases)}'; move or remove the "
            + $"{(run.Aliases.Count == 1 ? "alias" : "aliases")} before deleting it.");

    private static ApiFailure? WhyNotDeletable(StoredRun? run, string id) => run is null ? ApiFailure.NoRun(id)
        : run.Document.Aliases.Count > 0 ? HasAlias(run.Document)
        : run.Document.State.IsTerminal() || run.Document.State == RunState.Queued ? null
        : ApiFailure.Conflict(
            "runActive", $"Run {id} is {run.Document.State.ToString().ToLowerInvariant()}; cancel it before deleting it.");

    private static string WhyNotResumable(RunDocument run) => run.State switch
    {
        RunState.Completed => $"Run {run.Id} is completed; clone it to run it again.",
        RunState.Failed => $"Run {run.Id} diverged and would diverge again at the same step; clone it with a lower learningRate.",
        _ => $"Run {run.Id} is {run.State.ToString().ToLowerInvariant()}; only an ended run can be resumed.",
    };

    /// <summary>The run and the queue: a lane may claim a queued run without naming it.</summary>
    private static StoreScope ScopeOf(string id) => StoreScope.Run(id) + StoreScope.Queue;

    private RunDocument Stop(string id, TimeSpan grace) => store.Transact(ScopeOf(id), transaction =>
    {
        StoredRun run = transaction.Find(id) ?? throw ApiFailure.NoRun(id);
        RunDocument document = RunStateMachine.Cancel(run.Document, transaction.Now + grace, transaction.Now)
            ?? throw AlreadyEnded(run.Document);
        if (!ReferenceEquals(document, run.Document))
        {
            transaction.Put(run with { Document = document });
            transaction.EmitState(document);
        }

        return document;
    });

    private RunDocument Insert(AdmittedRun run, (string Key, string Hash)? response)
    {
        AdmittedRun named = admission.WithId(run);
        RunDocument inserted = store.Transact(StoreScope.Queue, transaction =>
        {
            admission.RequireQueueCapacity(transaction);
            RunDocument document = RunAdmission.Add(transaction, named);
            if (response is (string key, string hash))
            {
                transaction.PutResponse(new StoredResponse(
                    key, hash, document.Id, JsonSerializer.Serialize(document, ApiJson.Options), transaction.Now));
            }

            return document;
        });
        lanes.Wake(inserted.Spec.Device);
        return inserted;
    }
}
