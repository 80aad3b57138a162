using Microsoft.Net.Http.Headers;

namespace LoraLab.Server.Security;

/// <summary>The ways to be known to the server.</summary>
internal static class Schemes
{
    /// <summary>Chooses one of the others for each request.</summary>
    public const string Choice = "LoraLab";

    /// <summary>A server without keys, which listens on the loopback address only.</summary>
    public const string Local = "Local";

    /// <summary><c>Authorization: Bearer KEY</c>.</summary>
    public const string Key = "ApiKey";

    /// <summary>The cookie that <c>/login</c> gives.</summary>
    public const string Cookie = "Cookie";

    public static string For(HttpContext context) =>
        !context.RequestServices.GetRequiredService<ApiKeyRing>().Required ? Local
        : context.Request.Headers.ContainsKey(HeaderNames.Authorization) ? Key
        : Cookie;
}
