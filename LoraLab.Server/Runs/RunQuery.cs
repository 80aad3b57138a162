using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Runs.Filters;
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
        int? limit,
        string? cursor,
        string? sort,
        string? state,
        string? method,
        string? tag,
        string? study,
        string? sweep,
        string? q,
        string? filter)
    {
        if (limit is < 1 or > MaximumLimit)
        {
            throw ApiFailure.Invalid("limit", $"limit is {limit}; it must be between 1 and {MaximumLimit}.");
        }

        RunSort order = SortOf(sort);
        RunFilter selection = FilterOf(state, method, tag, study, sweep, q, filter);
        // The cursor's run may have been deleted or moved; its sort key is still valid.
        RunSort.Key? after = cursor is null ? null : order.TryDecodeCursor(cursor)
            ?? throw ApiFailure.Invalid("cursor", "The cursor does not belong to this list; use nextCursor of a page with the same sort.");
        RunPage page = store.List(selection, order, limit ?? DefaultLimit, after);
        return new RunList(
            [.. page.Documents.Select(store.WithQueuePosition)],
            page.HasMore ? order.CursorAfter(page.Items[^1].Document) : null,
            page.Total);
    }

    /// <summary>The order of a parameter that may be absent.</summary>
    /// <exception cref="ApiFailure">A field is unknown.</exception>
    public static RunSort SortOf(string? sort) => RunSort.Parse(sort, out string? problem)
        ?? throw ApiFailure.Invalid(
            "sort",
            $"{problem}; use, separated by commas and prefixed with - for descending, one of "
                + $"{string.Join(", ", RunSort.FieldNames)}, or another field of the specification or the summary.");

    /// <summary>The filter of parameters that may each be absent.</summary>
    public static RunFilter FilterOf(
        string? state, string? method, string? tag, string? study, string? sweep, string? q, string? filter) => new()
        {
            States = ParseStates(state),
            Methods = ParseList(method),
            Tags = ParseList(tag),
            StudyId = study,
            SweepId = sweep,
            Text = q,
            Condition = ParseFilter(filter),
        };

    private static Predicate<RunDocument>? ParseFilter(string? filter)
    {
        try
        {
            return RunFilterText.Parse(filter);
        }
        catch (FilterException wrong)
        {
            throw ApiFailure.Invalid("filter", $"The filter is wrong. {wrong.Sentence}");
        }
    }

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
