using System.Security.Claims;
using LoraLab.Contracts;
using LoraLab.Server.Infrastructure.Access;
using LoraLab.Server.Infrastructure.Errors;
using Microsoft.AspNetCore.Http.HttpResults;

namespace LoraLab.Server.Security;

/// <summary><c>/keys</c>.</summary>
internal static class KeyEndpoints
{
    public static void MapKeys(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder keys = api.MapGroup("/keys").WithTags("Session").RequireScope(Scopes.Admin);
        keys.MapGet("/", List).WithSummary("Names and scopes of all keys, and when each was last used");
        keys.MapPost("/", CreateAsync).Accepts<NewKeyRequest>("application/json").ProducesProblem(409)
            .WithSummary("Makes a key, and returns it for the only time");
        keys.MapDelete("/{name}", Revoke).ProducesProblem(409)
            .WithSummary("Revokes a key that was made here: its requests are refused, and its sessions end");
    }

    private static Ok<KeyList> List(ApiKeyRing ring) => TypedResults.Ok(new KeyList(ring.Required, ring.Entries));

    private static async Task<Created<NewKey>> CreateAsync(
        HttpRequest request, ClaimsPrincipal user, KeyService service, CancellationToken cancellationToken)
    {
        NewKeyRequest body = await RequestBody.ReadAsync<NewKeyRequest>(request, cancellationToken);
        return TypedResults.Created(ApiRoutes.Keys, service.Create(body, user.Identity?.Name));
    }

    private static NoContent Revoke(string name, ClaimsPrincipal user, KeyService service)
    {
        service.Revoke(name, user.Identity?.Name);
        return TypedResults.NoContent();
    }
}
