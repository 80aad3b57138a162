using System.ComponentModel.DataAnnotations;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Access;
using LoraLab.Server.Runs.Adapters;
using Microsoft.AspNetCore.Http.HttpResults;

namespace LoraLab.Server.Runs.Merging;

/// <summary><c>/runs/{id}/merge</c>: models into which adapters are merged.</summary>
internal static class MergeEndpoints
{
    public static void MapMerging(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder runs = api.MapGroup("/runs").WithTags("Runs");
        runs.MapPost("/{id}/merge", Start).ProducesProblem(409)
            .WithSummary("Merges the adapter into its model; returns immediately, and the state tells the progress");
        runs.MapGet("/{id}/merge", State).WithSummary("The state of the merge of an adapter");
        runs.MapDelete("/{id}/merge", Cancel).RequireScope(Scopes.Submit)
            .WithSummary("Cancels the merge of an adapter that is in progress; prune removes a completed one");
        runs.MapGet("/{id}/merge/model", Download).Produces<Stream>(200, "application/zip")
            .WithSummary("The model into which the adapter is merged, as a zip in the Hugging Face layout");
    }

    private static Accepted<RunMerge> Start(
        string id, [AllowedValues(WhichAdapter.Last, WhichAdapter.Best)] string? which, AdapterReferences adapters, MergeService merges)
    {
        (RunDocument run, AdapterChoice choice) = adapters.Resolve(id, WhichAdapter.Parse(which));
        return TypedResults.Accepted(ApiRoutes.Run(run.Id, "merge"), merges.Start(run, choice));
    }

    private static Ok<RunMerge> State(
        string id, [AllowedValues(WhichAdapter.Last, WhichAdapter.Best)] string? which, AdapterReferences adapters, MergeService merges)
    {
        (RunDocument run, AdapterChoice choice) = adapters.Resolve(id, WhichAdapter.Parse(which));
        return TypedResults.Ok(merges.StateOf(run, choice));
    }

    private static NoContent Cancel(
        string id, [AllowedValues(WhichAdapter.Last, WhichAdapter.Best)] string? which, AdapterReferences adapters, MergeService merges)
    {
        (RunDocument run, AdapterChoice choice) = adapters.Resolve(id, WhichAdapter.Parse(which));
        merges.Cancel(run, choice);
        return TypedResults.NoContent();
    }

    private static IResult Download(
        string id,
        [AllowedValues(WhichAdapter.Last, WhichAdapter.Best)] string? which,
        HttpContext context,
        AdapterReferences adapters,
        MergeService merges)
    {
        (RunDocument run, AdapterChoice choice) = adapters.Resolve(id, WhichAdapter.Parse(which));
        string folder = merges.Result(run, choice);
        string name = WhichAdapter.FileName(run, choice, "merged");
        return ZipResponse.Of(context, name, (zip, stopping) => ZipFolder.AddAsync(zip, folder, stopping));
    }
}
