using System.Text.Json.Nodes;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Security;
using LoraLab.Server.Storage;
using Microsoft.Extensions.Options;

namespace LoraLab.Server.Runs;

/// <summary>Stores validated specifications as queued runs.</summary>
internal sealed class RunAdmission(SpecChecker checker, RunIds ids, Submitter submitter, IOptions<LoraLabOptions> options)
{
    private static readonly TimeSpan _whenFull = TimeSpan.FromMinutes(1);

    public async Task<AdmittedRun> CheckAsync(JsonObject spec, CancellationToken cancellationToken)
    {
        SpecValidation valid = await checker.CheckAsync(spec, cancellationToken);
        return new AdmittedRun(spec, valid, await checker.ColorOfAsync(valid.Spec!.Method, cancellationToken))
        {
            SubmittedBy = submitter.Name,
        };
    }

    /// <summary>The name that a run gets: its own, or one that is not taken.</summary>
    public static string NameOf(SpecValidation valid, Predicate<string> isTaken) => string.IsNullOrWhiteSpace(valid.Spec!.Name)
        ? RunNames.Unique(valid.SuggestedName ?? valid.Spec.Method, isTaken)
        : valid.Spec.Name.Trim();

    /// <summary>What a submission would do.</summary>
    public static DryRunResult DryRun(SpecValidation valid, string name) => new()
    {
        Spec = valid.Spec!,
        Name = name,
        Warnings = valid.Warnings,
        TotalSteps = valid.TotalSteps,
        TrainableParameters = valid.TrainableParameters,
        TrainRows = valid.TrainRows,
        EvalRows = valid.EvalRows,
    };

    /// <summary>Throws if the queue limit does not allow that many more runs.</summary>
    public void RequireQueueCapacity(IStoreReader queue, int runs = 1)
    {
        int limit = options.Value.Limits.QueuedRuns;
        int waiting = queue.Counts().Of(RunState.Queued);
        if (waiting + runs <= limit)
        {
            return;
        }

        throw ApiFailure.TooMany(
            "queueFull",
            waiting >= limit
                ? $"The queue is full: {waiting} runs are queued, the maximum of LoraLab:Limits:QueuedRuns; "
                    + "submit again when some have run."
                : $"{waiting} runs are queued, and {runs} more would exceed the {limit} that LoraLab:Limits:QueuedRuns allows; "
                    + "submit fewer, or submit again when some have run.",
            _whenFull);
    }

    /// <summary>Assigns a new id, which is generated before the transaction.</summary>
    public AdmittedRun WithId(AdmittedRun run) => run with { Id = ids.Next() };

    /// <summary>Queues a run with an id; the transaction's scope includes the queue.</summary>
    public static RunDocument Add(IStoreTransaction transaction, AdmittedRun run)
    {
        string name = NameOf(run.Valid, transaction.HasName);
        RunSpec effective = run.Valid.Spec! with { Name = name, Tags = RunTextRules.Clean(run.Valid.Spec!.Tags) };
        RunDocument document = new()
        {
            Id = run.Id,
            Name = name,
            Notes = effective.Notes,
            Tags = effective.Tags,
            Priority = effective.Priority,
            Color = RunColors.Assign(run.MethodColor, transaction.ColorsOf(effective.Method)),
            Task = run.Valid.Task,
            Metric = TaskDescriptors.Of(run.Valid.Task, run.Valid.Metric).Primary.Key,
            Spec = effective,
            Warnings = run.Valid.Warnings,
            Progress = new RunProgress { TotalSteps = run.Valid.TotalSteps },
            ClonedFrom = run.ClonedFrom,
            SubmittedBy = run.SubmittedBy,
            StudyId = run.Experiment is (ExperimentKind.Study, string study, _) ? study : null,
            SweepId = run.Experiment is (ExperimentKind.Sweep, string sweep, _) ? sweep : null,
            CreatedAt = transaction.Now,
        };
        transaction.Put(new StoredRun
        {
            Document = document,
            Position = transaction.QueueEnds().Tail,
            ExperimentKey = run.Experiment?.Key,
            Files = run.Valid.Files,
            Submitted = run.Submitted.DeepClone().AsObject(),
        });
        transaction.EmitState(document);
        return transaction.WithQueuePosition(document);
    }
}
