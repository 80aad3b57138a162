using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Runs;

/// <summary>The query of the run list: filter, order and page.</summary>
internal sealed class RunQuery(IRunStore store)
{
    /// <summary>Maximum number of runs in a page.</summary>
    public const int MaximumLimit = 500;

    private const int DefaultLimit = 50;

    public RunList List(
        int? limit, string? cursor, string? sort, string? state, string? method, string? tag, string? study, string? sweep, string? q)
    {
        if (limit is < 1 or > MaximumLimit)
        {
            throw ApiFailure.Invalid("limit", $"limit is {limit}; it must be between 1 and {MaximumLimit}.");
        }

        RunSort order = RunSort.TryParse(sort)
            ?? throw ApiFailure.Invalid(
                "sort",
                $"Runs cannot be sorted by '{sort}'; use one of {string.Join(", ", RunSort.FieldNames)}, prefixed with - for descending.");
        RunFilter filter = FilterOf(state, method, tag, study, sweep, q);
        // The cursor's run may have been deleted or moved; its sort key is still valid.
        RunSort.Key? after = cursor is null ? null : order.TryDecodeCursor(cursor)
            ?? throw ApiFailure.Invalid("cursor", "The cursor does not belong to this list; use nextCursor of a page with the same sort.");
        RunPage page = store.List(filter, order, limit ?? DefaultLimit, after);
        return new RunList(
            [.. page.Documents.Select(store.WithQueuePosition)],
            page.HasMore ? order.CursorAfter(page.Items[^1].Document) : null,
            page.Total);
    }

    /// <summary>The filter of parameters that may each be absent.</summary>
    public static RunFilter FilterOf(string? state, string? method, string? tag, string? study, string? sweep, string? q) => new()
    {
        States = ParseStates(state),
        Methods = ParseList(method),
        Tags = ParseList(tag),
        StudyId = study,
        SweepId = sweep,
        Text = q,
    };

    private static HashSet<string>? ParseList(string? list) =>
        string.IsNullOrWhiteSpace(list)
            ? null
            : [.. list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];

    private static HashSet<RunState>? ParseStates(string? list) => ParseList(list)?.Select(word =>
        Enum.TryParse(word, ignoreCase: true, out RunState state) && !char.IsDigit(word[0]) && word[0] != '-'
            ? state
            : throw ApiFailure.Invalid("state", $"Unknown state '{word}'; "
                + $"use one of {string.Join(", ", Enum.GetNames<RunState>().Select(name => name.ToLowerInvariant()))}.")).ToHashSet();
}
