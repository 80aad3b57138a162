using LoraLab.Contracts;
using LoraLab.Server.Infrastructure;
using Microsoft.Extensions.Options;

namespace LoraLab.Server.Hosting;

/// <summary>
/// Gives every request the path base under which browsers see the server: that of a known proxy's <c>X-Forwarded-Prefix</c>, else
/// <c>LoraLab:PathBase</c>. Proxies may remove it from the path or not. The page's base address, cookies, redirects and the OpenAPI
/// document follow from the request's path base.
/// </summary>
internal sealed class PathBaseMiddleware(RequestDelegate next, IOptions<LoraLabOptions> options, ProxyAddresses proxies)
{
    private const string Header = "X-Forwarded-Prefix";
    private const string Page = "/index.html";

    public Task InvokeAsync(HttpContext context)
    {
        HttpRequest request = context.Request;
        if (PrefixOf(context) is { Length: > 0 } prefix)
        {
            if (request.Path.StartsWithSegments(prefix, StringComparison.Ordinal, out PathString rest))
            {
                if (!rest.HasValue && (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method)))
                {
                    // Without the slash, relative addresses would be resolved against the parent.
                    context.Response.Redirect($"{prefix}/{request.QueryString}");
                    return Task.CompletedTask;
                }

                request.Path = rest.HasValue ? rest : "/";
            }

            request.PathBase = prefix;
            context.Response.OnStarting(static state => AddToLocation((HttpContext)state), context);
        }

        if (request.Path == Page)
        {
            // The file itself does not know its base address.
            request.Path = "/";
        }

        return next(context);
    }

    private string? PrefixOf(HttpContext context) =>
        context.Request.Headers[Header] is [{ } forwarded] && proxies.Contain(SocketAddress.Of(context)) && PathPrefix.IsValid(forwarded)
            ? forwarded
            : options.Value.PathBase;

    /// <summary>Handlers name a created resource by its route.</summary>
    private static Task AddToLocation(HttpContext context)
    {
        string location = context.Response.Headers.Location.ToString();
        if (location.StartsWith(ApiRoutes.Base + "/", StringComparison.Ordinal))
        {
            context.Response.Headers.Location = context.Request.PathBase + location;
        }

        return Task.CompletedTask;
    }
}
