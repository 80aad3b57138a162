using LoraLab.Contracts.Live;
using LoraLab.Server.Infrastructure.Errors;
using Microsoft.Net.Http.Headers;

namespace LoraLab.Server.Security;

/// <summary>
/// Refuses what a page of another site makes a browser send: writes, and the live channel, which browsers open across sites without asking.
/// A browser says where a request comes from in <c>Sec-Fetch-Site</c> and <c>Origin</c>; who sends neither is a script.
/// </summary>
internal sealed class CrossSiteGuard(RequestDelegate next, AllowedHostNames names)
{
    public Task InvokeAsync(HttpContext context)
    {
        HttpRequest request = context.Request;
        return !HasSideEffects(request) || (IsOwnSite(request.Headers["Sec-Fetch-Site"].ToString()) && IsOwnOrigin(request))
            ? next(context)
            : throw ApiFailure.Refused(
                StatusCodes.Status403Forbidden, "crossSite", "A page of another site sent this request; only the server's own pages, and scripts, may do that. Behind a proxy, add its name to AllowedHosts.");
    }

    private static bool HasSideEffects(HttpRequest request) =>
        !(HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method))
        || request.Path.StartsWithSegments(LiveHub.Path);

    /// <summary>Another port of this machine is the same site, but not the same program.</summary>
    private static bool IsOwnSite(string site) => site is "" or "same-origin" or "none";

    private bool IsOwnOrigin(HttpRequest request)
    {
        string origin = request.Headers[HeaderNames.Origin].ToString();
        if (origin.Length == 0)
        {
            return true;
        }

        // Not the scheme: a proxy takes https and hands on http. An opaque origin is "null", which is no address.
        return Uri.TryCreate(origin, UriKind.Absolute, out Uri? page)
            && page.Scheme is "http" or "https"
            && (page.Authority.Equals(Authority(request, page), StringComparison.OrdinalIgnoreCase) || names.IsNamed(page.Host));
    }

    /// <summary>The request's host as an origin writes it, without the scheme's own port.</summary>
    private static string Authority(HttpRequest request, Uri page) =>
        request.Host.Port is int port && port != (page.Scheme == "https" ? 443 : 80) ? $"{request.Host.Host}:{port}" : request.Host.Host;
}
