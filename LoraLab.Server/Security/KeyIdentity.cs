using System.Security.Claims;
using LoraLab.Server.Infrastructure.Access;

namespace LoraLab.Server.Security;

/// <summary>The identity of a request as claims: a name, the scopes, and for a key its hash.</summary>
internal static class KeyIdentity
{
    /// <summary>The name of every client where no key is required.</summary>
    public const string LocalName = "this machine";

    private const string ScopeClaim = "scope";
    private const string HashClaim = "key";

    public static ClaimsPrincipal Create(ApiKey key, string scheme) =>
        Create(key.Name, key.Scopes, scheme, new Claim(HashClaim, key.Sha256));

    public static ClaimsPrincipal Local(string scheme) => Create(LocalName, Scopes.All, scheme);

    public static bool Has(ClaimsPrincipal user, string scope) => user.HasClaim(ScopeClaim, scope);

    public static IReadOnlyList<string> ScopesOf(ClaimsPrincipal user) => [.. user.FindAll(ScopeClaim).Select(claim => claim.Value)];

    public static string? HashOf(ClaimsPrincipal? user) => user?.FindFirst(HashClaim)?.Value;

    private static ClaimsPrincipal Create(string name, IEnumerable<string> scopes, string scheme, params Claim[] more) => new(
        new ClaimsIdentity([new Claim(ClaimTypes.Name, name), .. scopes.Select(scope => new Claim(ScopeClaim, scope)), .. more], scheme));
}
