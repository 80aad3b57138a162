using LoraLab.Contracts.Runs;
using LoraLab.Server.Infrastructure.Access;
using LoraLab.Server.Infrastructure.Errors;
using Microsoft.AspNetCore.Http.HttpResults;

namespace LoraLab.Server.Runs.Adapters;

/// <summary><c>/aliases</c> and <c>/runs/{id}/lineage</c>.</summary>
internal static class AdapterEndpoints
{
    public static void MapAdapters(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder aliases = api.MapGroup("/aliases").WithTags("Aliases");
        aliases.MapGet("/", List).WithSummary("The aliases of adapters");
        aliases.MapGet("/{alias}", Find).ProducesProblem(404).WithSummary("The run to whose adapter an alias refers");
        aliases.MapPut("/{alias}", SetAsync).Accepts<AliasTarget>("application/json").ProducesProblem(404).ProducesProblem(409)
            .WithSummary("Lets an alias refer to the adapter of a completed run, wherever it referred before");
        aliases.MapDelete("/{alias}", Remove).RequireScope(Scopes.Submit).ProducesProblem(404)
            .WithSummary("Removes an alias; the run and its adapter stay");
        api.MapGroup("/runs").WithTags("Runs").MapGet("/{id}/lineage", Lineage)
            .WithSummary("The runs from which a run descends and its descendants: clones, and runs that start from an adapter");
    }

    private static Ok<AliasList> List(AliasService aliases) => TypedResults.Ok(aliases.List());

    private static Ok<RunAlias> Find(string alias, AliasService aliases) => TypedResults.Ok(aliases.Find(alias));

    private static async Task<Ok<RunAlias>> SetAsync(
        string alias, HttpRequest request, AliasService aliases, CancellationToken cancellationToken)
    {
        AliasTarget target = await RequestBody.ReadAsync<AliasTarget>(request, cancellationToken);
        return TypedResults.Ok(aliases.Set(alias, target.Run ?? throw ApiFailure.Invalid("run", "run is missing; give the ID of a run.")));
    }

    private static NoContent Remove(string alias, AliasService aliases)
    {
        aliases.Remove(alias);
        return TypedResults.NoContent();
    }

    private static Ok<RunLineage> Lineage(string id, LineageService lineage) => TypedResults.Ok(lineage.Of(id));
}
