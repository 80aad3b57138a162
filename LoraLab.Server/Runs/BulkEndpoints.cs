using LoraLab.Contracts.Runs;
using LoraLab.Server.Infrastructure.Access;
using LoraLab.Server.Infrastructure.Errors;
using Microsoft.AspNetCore.Http.HttpResults;

namespace LoraLab.Server.Runs;

/// <summary><c>/runs:cancel</c> and <c>/runs:delete</c>.</summary>
internal static class BulkEndpoints
{
    public static void MapBulk(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder bulk = api.MapGroup("").WithTags("Runs");
        bulk.MapPost("/runs:cancel", CancelAsync).Accepts<BulkRequest>("application/json")
            .WithSummary("Stops the runs that are listed or that match a filter; returns immediately");
        bulk.MapPost("/runs:delete", DeleteAsync).Accepts<BulkRequest>("application/json").RequireScope(Scopes.Admin)
            .WithSummary("Deletes ended or queued runs that are listed or that match a filter, with their files");
    }

    private static async Task<Accepted<BulkResult>> CancelAsync(
        HttpRequest request, BulkService service, CancellationToken cancellationToken) =>
        TypedResults.Accepted((string?)null, service.Cancel(await RequestBody.ReadAsync<BulkRequest>(request, cancellationToken)));

    private static async Task<Ok<BulkResult>> DeleteAsync(
        HttpRequest request, BulkService service, CancellationToken cancellationToken) =>
        TypedResults.Ok(service.Delete(await RequestBody.ReadAsync<BulkRequest>(request, cancellationToken)));
}
