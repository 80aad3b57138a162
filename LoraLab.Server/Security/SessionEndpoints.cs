using System.Security.Claims;
using LoraLab.Contracts;
using LoraLab.Server.Infrastructure.Errors;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http.HttpResults;

namespace LoraLab.Server.Security;

/// <summary><c>/session</c>: exchanges a key for a cookie, returns the current identity, signs out.</summary>
internal static class SessionEndpoints
{
    public static void MapSession(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder session = api.MapGroup("/session").WithTags("Session").AllowAnonymous();
        session.MapGet("/", Get).WithSummary("Whether a key is required, and the scopes of the current one");
        session.MapPost("/", SignInAsync).Accepts<SignInRequest>("application/json").ProducesProblem(401)
            .WithSummary("Exchanges a key for a cookie");
        session.MapDelete("/", SignOutAsync).WithSummary("Ends the session");
    }

    private static Ok<SessionDocument> Get(ClaimsPrincipal user, ApiKeyRing ring) => TypedResults.Ok(Describe(user, ring));

    private static async Task<Ok<SessionDocument>> SignInAsync(
        HttpContext context, ApiKeyRing ring, TimeProvider time, CancellationToken cancellationToken)
    {
        SignInRequest body = await RequestBody.ReadAsync<SignInRequest>(context.Request, cancellationToken);
        if (string.IsNullOrWhiteSpace(body.Key))
        {
            throw ApiFailure.Invalid("key", "key is empty; paste the key printed by `keys new`.");
        }

        if (!ring.Required)
        {
            return TypedResults.Ok(Describe(context.User, ring));
        }

        ApiKey key = ring.Find(body.Key.Trim()) ?? throw ApiFailure.Refused(
            StatusCodes.Status401Unauthorized, "keyUnknown",
            $"{ApiKey.Unknown} A key begins with {KeySecret.Prefix}; the hash in the configuration is not the key.");
        ClaimsPrincipal user = KeyIdentity.Create(key, Schemes.Cookie);
        await context.SignInAsync(Schemes.Cookie, user, new AuthenticationProperties { IsPersistent = true, IssuedUtc = time.GetUtcNow() });
        return TypedResults.Ok(Describe(user, ring));
    }

    private static async Task<NoContent> SignOutAsync(HttpContext context, CancellationToken _)
    {
        await context.SignOutAsync(Schemes.Cookie);
        return TypedResults.NoContent();
    }

    private static SessionDocument Describe(ClaimsPrincipal user, ApiKeyRing ring) => new()
    {
        KeyRequired = ring.Required,
        Name = user.Identity is { IsAuthenticated: true } known ? known.Name : null,
        Scopes = KeyIdentity.ScopesOf(user),
    };
}
