using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Infrastructure.Access;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Storage;
using Microsoft.AspNetCore.Http.HttpResults;

namespace LoraLab.Server.Scheduling;

/// <summary><c>/queue</c>.</summary>
internal static class QueueEndpoints
{
    public static void MapQueue(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder queue = api.MapGroup("/queue").WithTags("Queue");
        queue.MapGet("/", Get).WithSummary("Running and queued runs, in order");
        queue.MapPatch("/", PatchAsync).Accepts<QueuePatch>("application/json").WithSummary("Pauses or resumes the queue")
            .RequireScope(Scopes.Admin);
        queue.MapPost("/reorder", ReorderAsync).Accepts<QueueMove>("application/json").ProducesProblem(404).ProducesProblem(409)
            .WithSummary("Moves a queued run");
    }

    private static Ok<QueueDocument> Get(IRunStore store) => TypedResults.Ok(store.QueuePage().Document);

    private static async Task<Ok<QueueDocument>> PatchAsync(HttpRequest request, QueueService service, CancellationToken cancellationToken)
    {
        JsonObject body = await RequestBody.ReadObjectAsync(request, cancellationToken: cancellationToken);
        if (!body.ContainsKey("paused"))
        {
            throw ApiFailure.Invalid("paused", "paused is missing; it must be true or false.");
        }

        return TypedResults.Ok(service.SetPaused(RequestBody.Convert<QueuePatch>(body).Paused));
    }

    private static async Task<Ok<QueueDocument>> ReorderAsync(
        HttpRequest request, QueueService service, CancellationToken cancellationToken) =>
        TypedResults.Ok(service.Move(await RequestBody.ReadAsync<QueueMove>(request, cancellationToken)));
}
