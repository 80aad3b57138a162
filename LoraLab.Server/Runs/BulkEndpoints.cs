using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Access;
using LoraLab.Server.Infrastructure.Errors;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace LoraLab.Server.Runs;

/// <summary><c>/runs:batch</c>, <c>/runs:cancel</c> and <c>/runs:delete</c>.</summary>
internal static class BulkEndpoints
{
    public static void MapBulk(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder bulk = api.MapGroup("").WithTags("Runs");
        bulk.MapPost("/runs:batch", SubmitAsync).Accepts<BatchRequest>("application/json")
            .Produces<BatchResult>(StatusCodes.Status201Created).Produces<BatchDryRun>().ProducesProblem(422).ProducesProblem(503)
            .WithMetadata(new RequestSizeLimitAttribute(BatchRequest.MaximumBytes))
            .WithSummary("Queues up to 200 runs, all or none; dryRun=true only checks the specifications");
        bulk.MapPost("/runs:cancel", CancelAsync).Accepts<BulkRequest>("application/json")
            .WithSummary("Stops the runs that are listed or that match a filter; returns immediately");
        bulk.MapPost("/runs:delete", DeleteAsync).Accepts<BulkRequest>("application/json").RequireScope(Scopes.Admin)
            .WithSummary("Deletes ended or queued runs that are listed or that match a filter, with their files");
    }

    private static async Task<IResult> SubmitAsync(
        HttpRequest request,
        BatchService service,
        [FromHeader(Name = "Idempotency-Key")][StringLength(IdempotentPost.MaximumKey, MinimumLength = 1)] string? key,
        bool? dryRun,
        CancellationToken cancellationToken)
    {
        JsonObject body = await RequestBody.ReadObjectAsync(request, cancellationToken: cancellationToken);
        IReadOnlyList<JsonObject> specs = BatchBody.Read(body);
        if (dryRun == true)
        {
            return TypedResults.Ok(await service.DryRunAsync(specs, cancellationToken));
        }

        if (key is null)
        {
            return TypedResults.Created(ApiRoutes.Runs, await service.SubmitAsync(specs, cancellationToken));
        }

        IdempotentPost.RequireKey(key);
        (string response, bool replayed) = await service.SubmitOnceAsync(key, body, specs, cancellationToken);
        return IdempotentPost.Created(request.HttpContext, ApiRoutes.Runs, response, replayed);
    }

    private static async Task<Accepted<BulkResult>> CancelAsync(
        HttpRequest request, BulkService service, CancellationToken cancellationToken) =>
        TypedResults.Accepted((string?)null, service.Cancel(await ReadAsync(request, cancellationToken)));

    private static async Task<Ok<BulkResult>> DeleteAsync(
        HttpRequest request, BulkService service, CancellationToken cancellationToken) =>
        TypedResults.Ok(service.Delete(await ReadAsync(request, cancellationToken)));

    /// <summary>A filter may be its text alone.</summary>
    private static async Task<BulkRequest> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        JsonObject body = await RequestBody.ReadObjectAsync(request, cancellationToken: cancellationToken);
        if (body["filter"] is JsonValue text && text.GetValueKind() == JsonValueKind.String)
        {
            body["filter"] = new JsonObject { ["filter"] = text.GetValue<string>() };
        }

        return RequestBody.Convert<BulkRequest>(body);
    }
}
