using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Runs;

/// <summary>The list of runs: filter, sort, page.</summary>
internal sealed class RunQuery(IRunStore store)
{
    private const int DefaultLimit = 50;
    private const int MaximumLimit = 500;

    public RunList List(int? limit, string? cursor, string? sort, string? state, string? method, string? tag, string? study, string? sweep, string? q)
    {
        if (limit is < 1 or > MaximumLimit)
        {
            throw ApiFailure.Invalid("limit", $"limit is {limit}; it must be from 1 to {MaximumLimit}.");
        }

        RunSort order = RunSort.TryParse(sort)
            ?? throw ApiFailure.Invalid("sort", $"Runs cannot be sorted by '{sort}'; there are {string.Join(", ", RunSort.FieldNames)}, with - in front for descending.");
        RunFilter filter = new() { States = ParseStates(state), Methods = ParseList(method), Tags = ParseList(tag), StudyId = study, SweepId = sweep, Text = q };
        // The cursor's run may have gone or moved, its place in the order has not.
        RunSort.Key? after = cursor is null ? null : order.TryDecodeCursor(cursor)
            ?? throw ApiFailure.Invalid("cursor", "The cursor does not belong to this list; take nextCursor of a page with the same sort.");
        RunPage page = store.List(filter, order, limit ?? DefaultLimit, after);
        return new RunList([.. page.Documents.Select(store.WithQueuePosition)], page.HasMore ? order.CursorAfter(page.Items[^1].Document) : null, page.Total);
    }

    private static HashSet<string>? ParseList(string? list) =>
        string.IsNullOrWhiteSpace(list) ? null : [.. list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];

    private static HashSet<RunState>? ParseStates(string? list) => ParseList(list)?.Select(word =>
        Enum.TryParse(word, ignoreCase: true, out RunState state) && !char.IsDigit(word[0]) && word[0] != '-'
            ? state
            : throw ApiFailure.Invalid("state", $"There is no state '{word}'; there are {string.Join(", ", Enum.GetNames<RunState>().Select(name => name.ToLowerInvariant()))}.")).ToHashSet();
}
