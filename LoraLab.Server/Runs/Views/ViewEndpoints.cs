using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs.Views;
using LoraLab.Server.Infrastructure.Access;
using LoraLab.Server.Infrastructure.Errors;
using Microsoft.AspNetCore.Http.HttpResults;

namespace LoraLab.Server.Runs.Views;

/// <summary><c>/views</c>: saved views of the table of runs.</summary>
internal static class ViewEndpoints
{
    public static void MapViews(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder views = api.MapGroup("/views").WithTags("Views");
        views.MapGet("/", List).WithSummary("All saved views, by name");
        views.MapPost("/", CreateAsync).Accepts<SavedViewPatch>("application/json").ProducesProblem(409)
            .WithSummary("Saves a view of the table of runs under a name");
        views.MapGet("/{id}", Get).WithSummary("One saved view");
        views.MapPatch("/{id}", EditAsync).Accepts<SavedViewPatch>("application/json").ProducesProblem(409)
            .WithSummary("Changes name, parameters, note or charts of a saved view");
        // Views are no results: whoever may save one may delete one.
        views.MapDelete("/{id}", Delete).RequireScope(Scopes.Submit).WithSummary("Deletes a saved view; runs are not affected");
    }

    private static Ok<SavedViewList> List(ViewService service) => TypedResults.Ok(new SavedViewList(service.List()));

    private static Ok<SavedView> Get(string id, ViewService service) => TypedResults.Ok(service.Get(id));

    private static async Task<Created<SavedView>> CreateAsync(
        HttpRequest request, ViewService service, CancellationToken cancellationToken)
    {
        SavedView view = service.Create(await RequestBody.ReadAsync<SavedViewPatch>(request, cancellationToken));
        return TypedResults.Created(ApiRoutes.View(view.Id), view);
    }

    private static async Task<Ok<SavedView>> EditAsync(
        string id, HttpRequest request, ViewService service, CancellationToken cancellationToken)
    {
        JsonObject body = await RequestBody.ReadObjectAsync(request, cancellationToken: cancellationToken);
        SavedViewPatch patch = RequestBody.Convert<SavedViewPatch>(body);
        bool clearNote = body.TryGetPropertyValue("note", out JsonNode? note) && note is null;
        return TypedResults.Ok(service.Edit(id, patch, clearNote));
    }

    private static NoContent Delete(string id, ViewService service)
    {
        service.Delete(id);
        return TypedResults.NoContent();
    }
}
