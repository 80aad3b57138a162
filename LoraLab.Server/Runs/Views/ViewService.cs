using LoraLab.Contracts.Runs.Views;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.Leases;

namespace LoraLab.Server.Runs.Views;

/// <summary>
/// Saves, changes and deletes views. They are few and small, so all of them are in memory, unless another node may change them too.
/// </summary>
internal sealed class ViewService(ViewFiles files, RunIds ids, INodes nodes, TimeProvider time)
{
    private readonly Lock _gate = new();
    private Dictionary<string, SavedView>? _views;

    public IReadOnlyList<SavedView> List()
    {
        lock (_gate)
        {
            return [.. Views().Values.OrderBy(view => view.Name, StringComparer.OrdinalIgnoreCase).ThenBy(view => view.Id)];
        }
    }

    public SavedView Get(string id)
    {
        lock (_gate)
        {
            return Existing(id);
        }
    }

    public SavedView Create(SavedViewPatch patch)
    {
        ApiFailure.ThrowIfAny([.. ViewRules.Check(patch, isNew: true)]);
        lock (_gate)
        {
            if (Views().Count >= ViewLimits.Views)
            {
                throw ApiFailure.Conflict(
                    "tooManyViews", $"There are {ViewLimits.Views} saved views; delete one that is not used any more.");
            }

            DateTimeOffset now = time.GetUtcNow();
            SavedView view = With(new SavedView { Id = ids.Next(), Name = "", CreatedAt = now, UpdatedAt = now }, patch);
            return Save(view);
        }
    }

    public SavedView Edit(string id, SavedViewPatch patch, bool clearNote)
    {
        ApiFailure.ThrowIfAny([.. ViewRules.Check(patch, isNew: false)]);
        lock (_gate)
        {
            SavedView view = With(Existing(id), clearNote ? patch with { Note = "" } : patch);
            return Save(view with { UpdatedAt = time.GetUtcNow() });
        }
    }

    public void Delete(string id)
    {
        lock (_gate)
        {
            files.Delete(Existing(id).Id);
            Views().Remove(id);
        }
    }

    private static SavedView With(SavedView view, SavedViewPatch patch) => view with
    {
        Name = patch.Name?.Trim() ?? view.Name,
        Query = patch.Query is null ? view.Query : ViewQuery.Write(ViewQuery.Parse(patch.Query)),
        Note = patch.Note is null ? view.Note : string.IsNullOrWhiteSpace(patch.Note) ? null : patch.Note,
        Charts = patch.Charts is null ? view.Charts : [.. patch.Charts.Distinct()],
    };

    /// <summary>The file is written first: what cannot be kept is not shown either.</summary>
    private SavedView Save(SavedView view)
    {
        if (Views().Values.Any(other => other.Id != view.Id && other.Name.Equals(view.Name, StringComparison.OrdinalIgnoreCase)))
        {
            throw ApiFailure.Conflict(
                "nameTaken", $"Another view is named '{ApiFailure.Shorten(view.Name)}'; choose another name, or change that view.");
        }

        files.Write(view);
        return Views()[view.Id] = view;
    }

    private SavedView Existing(string id) => Views().GetValueOrDefault(id)
        ?? throw ApiFailure.NotFound("viewNotFound", $"There is no saved view '{ApiFailure.Shorten(id)}'.");

    private Dictionary<string, SavedView> Views() =>
        _views = nodes.AreSeveral || _views is null ? files.Read().ToDictionary(view => view.Id) : _views;
}
