using LoraLab.Contracts.Runs.Groups;

namespace LoraLab.Web.Pages.Runs;

/// <summary>The runs that are selected in the table, whether or not their rows are in sight.</summary>
public sealed class SelectedRuns
{
    private readonly HashSet<string> _ids = [];

    /// <summary>Their ids.</summary>
    public IReadOnlySet<string> Ids => _ids;

    /// <summary>Selects the runs of a row; deselects them if all of them are selected.</summary>
    public void Toggle(RunGroup row)
    {
        if (HasAll([row]))
        {
            _ids.ExceptWith(row.Ids);
        }
        else
        {
            _ids.UnionWith(row.Ids);
        }
    }

    /// <summary>Whether all runs of these rows are selected.</summary>
    public bool HasAll(IEnumerable<RunGroup> rows) => rows.All(row => row.Ids.All(_ids.Contains));

    /// <summary>Selects the runs of rows.</summary>
    public void Add(IEnumerable<RunGroup> rows) => _ids.UnionWith(rows.SelectMany(row => row.Ids));

    /// <summary>Deselects runs that were deleted.</summary>
    public void Remove(IEnumerable<string> ids) => _ids.ExceptWith(ids);

    /// <summary>Deselects all.</summary>
    public void Clear() => _ids.Clear();
}
