using LoraLab.Contracts;
using LoraLab.Contracts.Runs.Views;

namespace LoraLab.Web.Api;

/// <summary>Saved views of the table of runs.</summary>
public sealed partial class LabApi
{
    public Task<SavedViewList> ListViewsAsync(CancellationToken cancellationToken) =>
        GetAsync<SavedViewList>(ApiRoutes.Views, cancellationToken);

    public Task<SavedView> GetViewAsync(string id, CancellationToken cancellationToken) =>
        GetAsync<SavedView>(ApiRoutes.View(Escape(id)), cancellationToken);

    public Task<SavedView> CreateViewAsync(SavedViewPatch view, CancellationToken cancellationToken) =>
        SendAsync<SavedView>(new(HttpMethod.Post, Relative(ApiRoutes.Views)) { Content = WithoutNulls(view) }, cancellationToken);

    public Task<SavedView> PatchViewAsync(string id, SavedViewPatch patch, CancellationToken cancellationToken) =>
        SendAsync<SavedView>(
            new(HttpMethod.Patch, Relative(ApiRoutes.View(Escape(id)))) { Content = WithoutNulls(patch) }, cancellationToken);

    public Task DeleteViewAsync(string id, CancellationToken cancellationToken) =>
        SendAsync(new(HttpMethod.Delete, Relative(ApiRoutes.View(Escape(id)))), cancellationToken);
}
