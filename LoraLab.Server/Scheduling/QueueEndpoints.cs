using System.ComponentModel.DataAnnotations;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
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
        queue.MapGet("/", Get).WithSummary("Running runs, and the queued ones in order, paged by cursor or offset");
        queue.MapPatch("/", PatchAsync).Accepts<QueuePatch>("application/json").WithSummary("Pauses or resumes the queue")
            .RequireScope(Scopes.Admin);
        queue.MapPost("/reorder", ReorderAsync).Accepts<QueueMove>("application/json").ProducesProblem(404).ProducesProblem(409)
            .WithSummary("Moves a queued run");
    }

    private static Ok<QueueDocument> Get(
        [Range(1, QueuePage.MaximumLimit)] int? limit, string? cursor, [Range(0, int.MaxValue)] int? offset, IRunStore store)
    {
        if (limit is < 1 or > QueuePage.MaximumLimit)
        {
            throw ApiFailure.Invalid("limit", $"limit is {limit}; it must be between 1 and {NumberFormat.Count(QueuePage.MaximumLimit)}.");
        }

        if (offset is < 0)
        {
            throw ApiFailure.Invalid("offset", $"offset is {offset}; it must not be negative.");
        }

        if (cursor is not null && offset is not null)
        {
            throw ApiFailure.Invalid("offset", "Give either cursor or offset, not both.");
        }

        // The cursor's run may have started or moved; its place in the order is still valid.
        int first = cursor is null ? offset ?? 0 : store.QueuedUpTo(QueueCursor.TryDecode(cursor)
            ?? throw ApiFailure.Invalid("cursor", "The cursor does not belong to the queue; use nextCursor of one of its pages."));
        return TypedResults.Ok(store.QueuePage(first, limit ?? QueuePage.DefaultLimit).Document);
    }

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
