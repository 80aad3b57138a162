using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Runs.Groups;
using LoraLab.Web.Api;

namespace LoraLab.Web.Pages.Runs.Table;

/// <summary>
/// The rows of a table that have been fetched: those in sight and their neighbors. Of ten thousand runs, a page never holds more than it
/// has scrolled past.
/// </summary>
public sealed class RowWindow(LabApi api)
{
    /// <summary>Maximum number of rows in a response of the server.</summary>
    public const int MaximumRows = 500;

    private const int PageSize = 60;

    /// <summary>Pages that are kept; the ones that were used last.</summary>
    private const int KeptPages = 20;

    private readonly Dictionary<int, IReadOnlyList<RunGroup>> _pages = [];
    private readonly List<int> _used = [];
    private RunQuery _query = new();
    private int _version;

    /// <summary>What the last answer said about all rows; null: nothing has been fetched.</summary>
    public RunGroupList? List { get; private set; }

    /// <summary>The rows that are held, in order.</summary>
    public IEnumerable<RunGroup> Held => (List?.Pinned ?? []).Concat(_pages.OrderBy(page => page.Key).SelectMany(page => page.Value));

    /// <summary>Fetches the first rows of a query, or those of the same query again.</summary>
    public async Task LoadAsync(RunQuery query, CancellationToken cancellationToken)
    {
        int version = ++_version;
        RunGroupList first = await api.ListGroupsAsync(query with { Offset = null, Limit = PageSize }, cancellationToken);
        if (version == _version)
        {
            _query = query;
            _pages.Clear();
            _used.Clear();
            Keep(0, first);
        }
    }

    /// <summary>Rows from a place, at most up to the end.</summary>
    public async Task<IReadOnlyList<RunGroup>> RowsAsync(int start, int count, CancellationToken cancellationToken)
    {
        int end = Math.Min(start + count, List?.Total ?? 0);
        for (int page = start / PageSize; page * PageSize < end; page++)
        {
            if (!_pages.ContainsKey(page))
            {
                int version = _version;
                RunGroupList fetched = await api.ListGroupsAsync(
                    _query with { Offset = page * PageSize, Limit = PageSize }, cancellationToken);
                if (version != _version)
                {
                    // The table shows something else by now, and asks again.
                    return [];
                }

                Keep(page, fetched);
            }
        }

        return [.. Enumerable.Range(start, Math.Max(end - start, 0)).Select(At).OfType<RunGroup>()];
    }

    /// <summary>The pinned rows and the first others, which are not held.</summary>
    public async Task<IReadOnlyList<RunGroup>> FirstAsync(int maximum, CancellationToken cancellationToken)
    {
        RunGroupList list = await api.ListGroupsAsync(_query with { Limit = maximum }, cancellationToken);
        return [.. list.Pinned, .. list.Items];
    }

    /// <summary>All rows, page by page, which are not held: what a scroll to the end would show.</summary>
    public async Task<IReadOnlyList<RunGroup>> AllAsync(CancellationToken cancellationToken)
    {
        List<RunGroup> rows = [];
        RunGroupList page;
        do
        {
            page = await api.ListGroupsAsync(_query with { Offset = rows.Count, Limit = MaximumRows }, cancellationToken);
            rows.AddRange(page.Items);
        }
        while (page.Items.Count > 0 && rows.Count < page.Total);
        return [.. page.Pinned, .. rows];
    }

    /// <summary>Replaces the document of a run that is a row of its own; false: no row that is held is that run's.</summary>
    public bool Replace(string runId, Func<RunDocument, RunDocument?> change)
    {
        bool found = false;
        foreach ((int page, IReadOnlyList<RunGroup> rows) in _pages.ToList())
        {
            _pages[page] = Changed(rows);
        }

        if (List is not null)
        {
            List = List with { Pinned = Changed(List.Pinned) };
        }

        return found;

        IReadOnlyList<RunGroup> Changed(IReadOnlyList<RunGroup> rows)
        {
            int index = rows.Count == 0 ? -1 : ((List<RunGroup>)[.. rows]).FindIndex(row => row.Count == 1 && row.First.Id == runId);
            if (index < 0 || change(rows[index].First) is not { } next)
            {
                return rows;
            }

            found = true;
            return [.. rows.Select((row, i) => i == index ? row with { First = next } : row)];
        }
    }

    private RunGroup? At(int index) =>
        _pages.GetValueOrDefault(index / PageSize) is { } page && index % PageSize < page.Count ? page[index % PageSize] : null;

    private void Keep(int page, RunGroupList fetched)
    {
        List = fetched;
        _pages[page] = fetched.Items;
        _used.Remove(page);
        _used.Add(page);
        while (_used.Count > KeptPages)
        {
            _pages.Remove(_used[0]);
            _used.RemoveAt(0);
        }
    }
}
