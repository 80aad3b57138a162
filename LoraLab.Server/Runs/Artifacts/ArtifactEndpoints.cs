using System.ComponentModel;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.RunDirectories;
using Microsoft.AspNetCore.Http.HttpResults;

namespace LoraLab.Server.Runs.Artifacts;

/// <summary><c>/runs/{id}/artifacts</c> and <c>/runs/{id}/prune</c>.</summary>
internal static class ArtifactEndpoints
{
    public static void MapArtifacts(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder runs = api.MapGroup("/runs").WithTags("Runs");
        runs.MapGet("/{id}/artifacts", ListAsync)
            .WithSummary("The run's files with their kinds and sizes, the hashes of adapters, and those of all files if asked for");
        runs.MapGet("/{id}/artifacts/{**name}", Download).Produces<Stream>(200, "application/octet-stream").Produces(304)
            .ProducesProblem(412).WithSummary("One of the run's files");
        runs.MapPost("/{id}/prune", PruneAsync).Accepts<PruneRequest>("application/json")
            .ProducesProblem(409)
            .WithSummary("Removes checkpoints, predictions or the adapter of an ended run; the document records what was removed");
    }

    private static async Task<Ok<RunArtifacts>> ListAsync(
        string id,
        [Description("Whether every file is read for its SHA-256, which takes seconds per GiB")] bool? hashes,
        IRunStore store,
        ArtifactFiles files,
        ArtifactHashes known,
        CancellationToken cancellationToken)
    {
        RequireRun(store, id);
        List<RunArtifact> items = [];
        foreach (RunArtifact artifact in files.List(id))
        {
            items.Add(await known.AddAsync(id, artifact, hashes == true, cancellationToken));
        }

        return TypedResults.Ok(new RunArtifacts(id, items.Sum(item => item.Bytes), items));
    }

    private static FileStreamHttpResult Download(string id, string name, IRunStore store, ArtifactFiles files)
    {
        RequireRun(store, id);
        (RunArtifact artifact, string path) = files.Find(id, name)
            ?? throw ApiFailure.NotFound(
                "artifactNotFound", $"Run {id} has no such file; GET /api/v1/runs/{id}/artifacts lists its files.");
        try
        {
            // Always as an attachment: files written by a run are never rendered as a page of this server.
            FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return TypedResults.Stream(stream, "application/octet-stream", $"{id}-{artifact.Name.Replace('/', '-')}", artifact.ModifiedAt);
        }
        catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException)
        {
            throw ApiFailure.NotFound("artifactNotFound", $"{artifact.Name} of run {id} has just been removed.");
        }
    }

    private static async Task<Ok<RunDocument>> PruneAsync(
        string id, HttpRequest request, IRunStore store, ArtifactPruning pruning, CancellationToken cancellationToken)
    {
        PruneRequest prune = await RequestBody.ReadAsync<PruneRequest>(request, cancellationToken);
        RequireRun(store, id);
        return prune is { Checkpoints: false, Predictions: false, Adapter: false, BestAdapter: false, Merged: false }
            ? throw ApiFailure.Invalid("checkpoints", "Nothing is selected; set checkpoints, predictions, adapter, bestAdapter or merged.")
            : TypedResults.Ok(pruning.Prune(id, prune));
    }

    private static void RequireRun(IRunStore store, string id) => _ = store.Find(id) ?? throw ApiFailure.NoRun(id);
}
