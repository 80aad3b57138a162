using LoraLab.Contracts.Live;
using LoraLab.Server.Infrastructure.Errors;
using Microsoft.Net.Http.Headers;

namespace LoraLab.Server.Security;

/// <summary>
/// Rejects cross-site requests of browsers: writes, and the live channel, which browsers open across sites without a preflight request.
/// Browsers send the origin of a request in <c>Sec-Fetch-Site</c> and <c>Origin</c>; a client that sends neither is a script.
/// </summary>
internal sealed class CrossSiteGuard(RequestDelegate next, AllowedHostNames names)
{
    public Task InvokeAsync(HttpContext context)
    {
        HttpRequest request = context.Request;
        return !HasSideEffects(request) || (IsOwnSite(request.Headers["Sec-Fetch-Site"].ToString()) && IsOwnOrigin(request))
            ? next(context)
            : throw ApiFailure.Refused(
                StatusCodes.Status403Forbidden, "crossSite", "This request comes from a page of another site; "
                    + "only the server's own pages and scripts may send it. Behind a proxy, add its name to AllowedHosts.");
    }

    private static bool HasSideEffects(HttpRequest request) =>
        !(HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method))
        || request.Path.StartsWithSegments(LiveHub.Path);

    /// <summary>Another port of this machine is the same site, but not the same origin.</summary>
    private static bool IsOwnSite(string site) => site is "" or "same-origin" or "none";

    private bool IsOwnOrigin(HttpRequest request)
    {
        string origin = request.Headers[HeaderNames.Origin].ToString();
        if (origin.Length == 0)
        {
            return true;
        }

        // The scheme is ignored: a proxy may terminate TLS. An opaque origin is "null", which is not a URI.
        return Uri.TryCreate(origin, UriKind.Absolute, out Uri? page)
            && page.Scheme is "http" or "https"
            && (page.Authority.Equals(Authority(request, page), StringComparison.OrdinalIgnoreCase) || names.IsNamed(page.Host));
    }

    /// <summary>The request's host as in an origin, without the scheme's default port.</summary>
    private static string Authority(HttpRequest request, Uri page) =>
        request.Host.Port is int port && port != (page.Scheme == "https" ? 443 : 80) ? $"{request.Host.Host}:{port}" : request.Host.Host;
}
