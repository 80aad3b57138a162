using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Runs;

/// <summary>Pages of the list of runs.</summary>
internal sealed class RunQuery(IRunStore store)
{
    /// <summary>Maximum number of runs in a page.</summary>
    public const int MaximumLimit = 500;

    private const int DefaultLimit = 50;

    public RunList List(int? limit, string? cursor, RunListParameters parameters)
    {
        if (limit is < 1 or > MaximumLimit)
        {
            throw ApiFailure.Invalid("limit", $"limit is {limit}; it must be between 1 and {NumberFormat.Count(MaximumLimit)}.");
        }

        RunSort order = parameters.ToSort();
        RunFilter selection = parameters.ToFilter();
        // The cursor's run may have been deleted or moved; its sort key is still valid.
        RunSort.Key? after = cursor is null ? null : order.TryDecodeCursor(cursor)
            ?? throw ApiFailure.Invalid("cursor", "The cursor does not belong to this list; use nextCursor of a page with the same sort.");
        RunPage page = store.List(selection, order, limit ?? DefaultLimit, after);
        return new RunList(
            [.. page.Documents.Select(store.WithQueuePosition)],
            page.HasMore ? order.CursorAfter(page.Items[^1].Document) : null,
            page.Total);
    }
}
