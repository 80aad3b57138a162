using Microsoft.Net.Http.Headers;

namespace LoraLab.Server.Security;

/// <summary>The authentication schemes.</summary>
internal static class Schemes
{
    /// <summary>Selects one of the others per request.</summary>
    public const string Choice = "LoraLab";

    /// <summary>A server without keys, which listens on the loopback address only.</summary>
    public const string Local = "Local";

    /// <summary><c>Authorization: Bearer KEY</c>.</summary>
    public const string Key = "ApiKey";

    /// <summary>The cookie set by <c>/login</c>.</summary>
    public const string Cookie = "Cookie";

    public static string For(HttpContext context) =>
        !context.RequestServices.GetRequiredService<ApiKeyRing>().Required ? Local
        : context.Request.Headers.ContainsKey(HeaderNames.Authorization) ? Key
        : Cookie;
}
