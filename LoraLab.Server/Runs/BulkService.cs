using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Scheduling;
using LoraLab.Server.Storage;
using LoraLab.Server.Workers;
using Microsoft.Extensions.Options;

namespace LoraLab.Server.Runs;

/// <summary>
/// Cancels or deletes many runs. Listed runs that cannot be are left as they are, with a reason; of the runs that match a filter, those
/// that can be and still match when their turn comes.
/// </summary>
internal sealed class BulkService(
    IRunStore store, RunService runs, ActiveRuns active, Lanes lanes, IOptions<LoraLabOptions> options)
{
    /// <summary>Runs per transaction: others are not held up by thousands of runs.</summary>
    private const int ChunkSize = 100;

    public BulkResult Cancel(BulkRequest request)
    {
        RunFilter? filter = FilterOf(request);
        TimeSpan grace = TimeSpan.FromSeconds(options.Value.CancelGraceSeconds);
        List<BulkItem> items = [];
        List<BulkSkip> skipped = [];
        foreach (string[] chunk in Select(request, filter).Chunk(ChunkSize))
        {
            IReadOnlyList<BulkOutcome> outcomes = store.Transact(
                StoreScope.Runs(chunk) + StoreScope.Queue,
                transaction => (BulkOutcome[])[.. chunk.Select(id => Cancel(transaction, id, filter, grace))]);
            items.AddRange(outcomes.Select(outcome => outcome.Item).OfType<BulkItem>());
            skipped.AddRange(outcomes.Select(outcome => outcome.Skip).OfType<BulkSkip>());
            foreach (BulkItem item in outcomes.Select(outcome => outcome.Item).OfType<BulkItem>())
            {
                active.Cancel(item.Id);
            }
        }

        lanes.Wake();
        return Result(items, skipped);
    }

    public BulkResult Delete(BulkRequest request)
    {
        RunFilter? filter = FilterOf(request);
        List<BulkItem> items = [];
        List<BulkSkip> skipped = [];
        foreach (string[] chunk in Select(request, filter).Chunk(ChunkSize))
        {
            foreach ((string id, ApiFailure? refused) in runs.Delete(chunk, run => filter?.Matches(run) ?? true))
            {
                if (refused is null)
                {
                    items.Add(new BulkItem(id, null));
                }
                else if (filter is null)
                {
                    skipped.Add(new BulkSkip(id, refused.Code, refused.Message));
                }
            }
        }

        return Result(items, skipped);
    }

    private static BulkResult Result(List<BulkItem> items, List<BulkSkip> skipped) =>
        new() { Total = items.Count, Items = items, Skipped = skipped };

    /// <summary>The request's filter; null: it lists ids.</summary>
    private static RunFilter? FilterOf(BulkRequest request)
    {
        if ((request.Ids is null) == (request.Filter is null))
        {
            throw ApiFailure.Invalid("ids", "Give either ids (a list of run ids) or filter (members as the parameters of GET /runs).");
        }

        if (request.Ids is { } ids)
        {
            return ids.Count > 0 && ids.All(id => !string.IsNullOrEmpty(id)) ? null
                : throw ApiFailure.Invalid("ids", "ids must list at least one run id, and none of them may be null or empty.");
        }

        BulkFilter filter = request.Filter!;
        string?[] criteria = [filter.State, filter.Method, filter.Tag, filter.Study, filter.Sweep, filter.Q, filter.Filter];
        return criteria.Any(criterion => !string.IsNullOrWhiteSpace(criterion?.Trim(',', ' ')))
            ? new RunListParameters
            {
                State = filter.State,
                Method = filter.Method,
                Tag = filter.Tag,
                Study = filter.Study,
                Sweep = filter.Sweep,
                Q = filter.Q,
                Filter = filter.Filter,
            }.ToFilter()
            : throw ApiFailure.Invalid(
                "filter",
                "filter is empty and would select every run; give at least one of state, method, tag, study, sweep, q and filter.");
    }

    private IEnumerable<string> Select(BulkRequest request, RunFilter? filter) => filter is null
        ? request.Ids!.Distinct()
        : [.. store.Enumerate(filter).Select(run => run.Document.Id)];

    private static BulkOutcome Cancel(IStoreTransaction transaction, string id, RunFilter? filter, TimeSpan grace)
    {
        if (transaction.Find(id) is not { } run)
        {
            return filter is null ? BulkOutcome.Of(id, ApiFailure.NoRun(id)) : BulkOutcome.None;
        }

        if (filter is not null && !filter.Matches(run.Document))
        {
            return BulkOutcome.None;
        }

        RunDocument? stopped = RunStateMachine.Cancel(run.Document, transaction.Now + grace, transaction.Now);
        if (stopped is not null && !ReferenceEquals(stopped, run.Document))
        {
            transaction.Put(run with { Document = stopped });
            transaction.EmitState(stopped);
            return BulkOutcome.Of(stopped);
        }

        return filter is not null ? BulkOutcome.None
            : stopped is not null ? BulkOutcome.Of(stopped)
            : BulkOutcome.Of(id, RunService.AlreadyEnded(run.Document));
    }

    /// <summary>What happened to a run: an item, a skip, or nothing.</summary>
    private sealed record BulkOutcome(BulkItem? Item, BulkSkip? Skip)
    {
        public static BulkOutcome None { get; } = new(null, null);

        public static BulkOutcome Of(RunDocument run) => new(new BulkItem(run.Id, run.State), null);

        public static BulkOutcome Of(string id, ApiFailure reason) => new(null, new BulkSkip(id, reason.Code, reason.Message));
    }
}
