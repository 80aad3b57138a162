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

        RunSort order = RunSort.Parse(sort);
        IReadOnlyCollection<StoredRun> all = store.Runs;
        HashSet<RunState>? states = ParseStates(state);
        HashSet<string>? methods = Words(method);
        HashSet<string>? tags = Words(tag);
        List<RunDocument> found =
        [
            .. all.Select(run => run.Document)
                .Where(run => states?.Contains(run.State) ?? true)
                .Where(run => methods?.Contains(run.Spec.Method) ?? true)
                .Where(run => tags?.All(run.Tags.Contains) ?? true)
                .Where(run => string.IsNullOrEmpty(study) || run.StudyId == study)
                .Where(run => string.IsNullOrEmpty(sweep) || run.SweepId == sweep)
                .Where(run => Matches(run, q))
                .Order(order),
        ];

        int start = cursor is null ? 0 : Start(found, order, cursor);
        int count = limit ?? DefaultLimit;
        List<RunDocument> page = found.GetRange(start, Math.Min(count, found.Count - start));
        string? next = start + page.Count < found.Count ? order.CursorAfter(page[^1]) : null;
        return new RunList([.. page.Select(run => QueueOrder.WithPosition(run, all))], next, found.Count);
    }

    /// <summary>The first run after the cursor's; it may have gone or moved, its place in the order has not.</summary>
    private static int Start(List<RunDocument> found, RunSort order, string cursor)
    {
        RunSort.Place place = order.ReadCursor(cursor);
        int index = found.FindIndex(run => order.Compare(order.PlaceOf(run), place) > 0);
        return index < 0 ? found.Count : index;
    }

    private static bool Matches(RunDocument run, string? q) =>
        string.IsNullOrWhiteSpace(q) || q.Split(' ', StringSplitOptions.RemoveEmptyEntries).All(word =>
            run.Name.Contains(word, StringComparison.OrdinalIgnoreCase)
            || run.Id.Equals(word, StringComparison.OrdinalIgnoreCase)
            || run.Spec.Method.Contains(word, StringComparison.OrdinalIgnoreCase)
            || run.Spec.Model.Contains(word, StringComparison.OrdinalIgnoreCase)
            || run.Spec.Dataset.Contains(word, StringComparison.OrdinalIgnoreCase)
            || (run.Notes?.Contains(word, StringComparison.OrdinalIgnoreCase) ?? false)
            || run.Tags.Any(tag => tag.Contains(word, StringComparison.OrdinalIgnoreCase)));

    private static HashSet<string>? Words(string? list) =>
        string.IsNullOrWhiteSpace(list) ? null : [.. list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];

    private static HashSet<RunState>? ParseStates(string? list) => Words(list)?.Select(word =>
        Enum.TryParse(word, ignoreCase: true, out RunState state) && !char.IsDigit(word[0]) && word[0] != '-'
            ? state
            : throw ApiFailure.Invalid("state", $"There is no state '{word}'; there are {string.Join(", ", Enum.GetNames<RunState>().Select(name => name.ToLowerInvariant()))}.")).ToHashSet();
}
