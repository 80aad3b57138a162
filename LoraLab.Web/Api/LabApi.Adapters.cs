using LoraLab.Contracts;
using LoraLab.Contracts.Runs;

namespace LoraLab.Web.Api;

/// <summary>Adapters of runs: their files, aliases, merges and lineage.</summary>
public sealed partial class LabApi
{
    /// <summary>Address of the download of an adapter, or of a model into which one is merged.</summary>
    public static string AdapterPath(string id, string part, AdapterChoice which) => DownloadPath(ApiRoutes.Run(id, part) + Which(which));

    public Task<RunArtifacts> ArtifactsAsync(string id, CancellationToken cancellationToken) =>
        GetAsync<RunArtifacts>(ApiRoutes.Run(Escape(id), "artifacts"), cancellationToken);

    public Task<RunLineage> LineageAsync(string id, CancellationToken cancellationToken) =>
        GetAsync<RunLineage>(ApiRoutes.Run(Escape(id), "lineage"), cancellationToken);

    public Task<RunMerge> MergeStateAsync(string id, AdapterChoice which, CancellationToken cancellationToken) =>
        GetAsync<RunMerge>(ApiRoutes.Run(Escape(id), "merge") + Which(which), cancellationToken);

    /// <summary>Starts the merge of an adapter.</summary>
    public Task<RunMerge> MergeAsync(string id, AdapterChoice which, CancellationToken cancellationToken) =>
        SendAsync<RunMerge>(new(HttpMethod.Post, Relative(ApiRoutes.Run(Escape(id), "merge") + Which(which))), cancellationToken);

    public Task CancelMergeAsync(string id, AdapterChoice which, CancellationToken cancellationToken) =>
        SendAsync(new(HttpMethod.Delete, Relative(ApiRoutes.Run(Escape(id), "merge") + Which(which))), cancellationToken);

    /// <summary>Lets an alias refer to the adapter of a run.</summary>
    public Task<RunAlias> SetAliasAsync(string alias, string id, CancellationToken cancellationToken) => SendAsync<RunAlias>(
        new(HttpMethod.Put, Relative(ApiRoutes.Alias(Escape(alias)))) { Content = Json(new AliasTarget(id)) }, cancellationToken);

    public Task RemoveAliasAsync(string alias, CancellationToken cancellationToken) =>
        SendAsync(new(HttpMethod.Delete, Relative(ApiRoutes.Alias(Escape(alias)))), cancellationToken);

    private static string Which(AdapterChoice which) => which == AdapterChoice.Best ? "?which=best" : "?which=last";
}
