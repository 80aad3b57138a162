using LoraLab.Contracts;
using LoraLab.Contracts.Catalog;
using LoraLab.Server.Infrastructure.Access;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Workers;
using Microsoft.AspNetCore.Http.HttpResults;

namespace LoraLab.Server.Library.Pulls;

/// <summary><c>/models:pull</c>, <c>/datasets:pull</c> and <c>/pulls</c>.</summary>
internal static class PullEndpoints
{
    public static void MapPulls(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder pulls = api.MapGroup("").WithTags("Catalog");
        pulls.MapPost("/models:pull", PullModelAsync).Accepts<PullRequest>("application/json").RequireScope(Scopes.Admin)
            .ProducesProblem(409).ProducesProblem(503)
            .WithSummary("Starts to download a model from the Hugging Face Hub; returns immediately");
        pulls.MapPost("/datasets:pull", PullDatasetAsync).Accepts<PullRequest>("application/json").RequireScope(Scopes.Admin)
            .ProducesProblem(409).ProducesProblem(503)
            .WithSummary("Starts to download a published dataset from the Hugging Face Hub; returns immediately");
        pulls.MapGet("/pulls", ListAsync).ProducesProblem(503).WithSummary("Downloads, the latest first, and what can be downloaded");
        pulls.MapGet("/pulls/{id}", Get).WithSummary("A download with its progress");
        pulls.MapPost("/pulls/{id}/cancel", Cancel).RequireScope(Scopes.Admin)
            .WithSummary("Stops a download; what has arrived is kept for the next one");
        pulls.MapDelete("/pulls/{id}", Delete).ProducesProblem(409)
            .WithSummary("Forgets a download that has ended; what it has downloaded stays");
    }

    private static Task<Accepted<PullDocument>> PullModelAsync(
        HttpRequest request, PullService service, TrainerInspector inspector, CancellationToken cancellationToken) =>
        PullAsync(PullKind.Model, request, service, inspector, cancellationToken);

    private static Task<Accepted<PullDocument>> PullDatasetAsync(
        HttpRequest request, PullService service, TrainerInspector inspector, CancellationToken cancellationToken) =>
        PullAsync(PullKind.Dataset, request, service, inspector, cancellationToken);

    private static async Task<Accepted<PullDocument>> PullAsync(
        PullKind kind, HttpRequest request, PullService service, TrainerInspector inspector, CancellationToken cancellationToken)
    {
        PullRequest asked = await RequestBody.ReadAsync<PullRequest>(request, cancellationToken);
        PullRules.Check(kind, asked, kind == PullKind.Dataset ? await PublishedAsync(inspector, cancellationToken) : []);
        PullDocument pull = service.Start(kind, asked);
        return TypedResults.Accepted(ApiRoutes.Pull(pull.Id), pull);
    }

    private static async Task<Ok<PullList>> ListAsync(
        PullService service, TrainerInspector inspector, CancellationToken cancellationToken) =>
        TypedResults.Ok(new PullList(service.All, await PublishedAsync(inspector, cancellationToken)));

    private static Ok<PullDocument> Get(string id, PullService service) => TypedResults.Ok(service.Get(id));

    private static Accepted<PullDocument> Cancel(string id, PullService service) =>
        TypedResults.Accepted((string?)null, service.Cancel(id));

    private static NoContent Delete(string id, PullService service)
    {
        service.Delete(id);
        return TypedResults.NoContent();
    }

    private static async Task<IReadOnlyList<string>> PublishedAsync(TrainerInspector inspector, CancellationToken cancellationToken) =>
        (await inspector.RequestAsync(new() { Kind = "published" }, cancellationToken)).Published ?? [];
}
