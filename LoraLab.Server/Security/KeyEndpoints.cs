using LoraLab.Contracts;
using LoraLab.Server.Infrastructure.Access;
using Microsoft.AspNetCore.Http.HttpResults;

namespace LoraLab.Server.Security;

/// <summary><c>/keys</c>.</summary>
internal static class KeyEndpoints
{
    public static void MapKeys(this IEndpointRouteBuilder api) => api.MapGet("/keys", List).WithTags("Session")
        .WithSummary("Names and scopes of the configured keys, and when each was last used").RequireScope(Scopes.Admin);

    private static Ok<KeyList> List(ApiKeyRing ring) => TypedResults.Ok(new KeyList(ring.Required, ring.Entries));
}
