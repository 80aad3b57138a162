using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Catalog;

namespace LoraLab.Web.Api;

/// <summary>Downloads, uploads and rows of models and datasets.</summary>
public sealed partial class LabApi
{
    /// <summary>The address to which the browser itself sends files, relative to the page's base.</summary>
    public static string UploadAddress => Relative(ApiRoutes.Uploads);

    public Task<PullList> PullsAsync(CancellationToken cancellationToken) => GetAsync<PullList>(ApiRoutes.Pulls, cancellationToken);

    /// <summary>Starts a download, or continues the one of the same name.</summary>
    public Task<PullDocument> PullAsync(PullKind kind, PullRequest request, CancellationToken cancellationToken) => SendAsync<PullDocument>(
        new(HttpMethod.Post, Relative(kind == PullKind.Model ? ApiRoutes.ModelsPull : ApiRoutes.DatasetsPull))
        {
            Content = WithoutNulls(request),
        },
        cancellationToken);

    public Task CancelPullAsync(string id, CancellationToken cancellationToken) =>
        SendAsync(new(HttpMethod.Post, Relative(ApiRoutes.Pull(Escape(id), "cancel"))), cancellationToken);

    public Task DeletePullAsync(string id, CancellationToken cancellationToken) =>
        SendAsync(new(HttpMethod.Delete, Relative(ApiRoutes.Pull(Escape(id)))), cancellationToken);

    public Task<UploadList> UploadsAsync(CancellationToken cancellationToken) => GetAsync<UploadList>(ApiRoutes.Uploads, cancellationToken);

    public Task<UploadDocument> ChangeUploadAsync(string id, JsonObject patch, CancellationToken cancellationToken) =>
        SendAsync<UploadDocument>(
            new(HttpMethod.Patch, Relative(ApiRoutes.Upload(Escape(id)))) { Content = Json(patch) }, cancellationToken);

    public Task<DatasetEntry> KeepUploadAsync(string id, CancellationToken cancellationToken) =>
        SendAsync<DatasetEntry>(new(HttpMethod.Post, Relative(ApiRoutes.Upload(Escape(id), "keep"))), cancellationToken);

    public Task DeleteUploadAsync(string id, CancellationToken cancellationToken) =>
        SendAsync(new(HttpMethod.Delete, Relative(ApiRoutes.Upload(Escape(id)))), cancellationToken);

    public Task<DatasetRows> DatasetRowsAsync(string name, string split, int offset, int limit, CancellationToken cancellationToken) =>
        GetAsync<DatasetRows>(
            $"{ApiRoutes.DatasetRows}?name={Escape(name)}&split={split}" + FormattableString.Invariant($"&offset={offset}&limit={limit}"),
            cancellationToken);

    public Task DeleteModelAsync(string name, CancellationToken cancellationToken) =>
        SendAsync(new(HttpMethod.Delete, Relative($"{ApiRoutes.Models}/{Escape(name)}")), cancellationToken);

    public Task DeleteDatasetAsync(string name, CancellationToken cancellationToken) =>
        SendAsync(new(HttpMethod.Delete, Relative($"{ApiRoutes.Datasets}/{Escape(name)}")), cancellationToken);
}
