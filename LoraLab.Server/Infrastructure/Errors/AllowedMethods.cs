using Microsoft.AspNetCore.Routing.Template;
using Microsoft.Net.Http.Headers;

namespace LoraLab.Server.Infrastructure.Errors;

/// <summary>
/// Answers a request for a known path with another method with 405 and the methods that the path has. The framework counts the fallback
/// to the dashboard's page among the routes of every path, so it would respond 404 to GET and claim in <c>Allow</c> that GET exists.
/// </summary>
internal sealed class AllowedMethods(RequestDelegate next, EndpointDataSource endpoints)
{
    private static readonly string[] _described = ["/api", "/openapi", "/health", "/hubs"];

    public async Task InvokeAsync(HttpContext context)
    {
        await next(context);
        // A route's own response is left alone: the endpoint is then a route.
        if (context.Response is { HasStarted: false, StatusCode: StatusCodes.Status404NotFound or StatusCodes.Status405MethodNotAllowed }
            && context.GetEndpoint() is not RouteEndpoint
            && _described.Any(prefix => context.Request.Path.StartsWithSegments(prefix, StringComparison.OrdinalIgnoreCase)))
        {
            SortedSet<string> methods = MethodsAt(context.Request.Path);
            context.Response.Headers.Remove(HeaderNames.Allow);
            context.Response.StatusCode =
                methods.Count == 0 ? StatusCodes.Status404NotFound : StatusCodes.Status405MethodNotAllowed;
            if (methods.Count > 0)
            {
                context.Response.Headers.Allow = string.Join(", ", methods);
            }
        }
    }

    private SortedSet<string> MethodsAt(PathString path)
    {
        SortedSet<string> methods = new(StringComparer.Ordinal);
        foreach (RouteEndpoint route in endpoints.Endpoints.OfType<RouteEndpoint>())
        {
            if (route.Metadata.GetMetadata<IHttpMethodMetadata>() is { HttpMethods.Count: > 0 } allowed
                && !IsFallback(route)
                && new TemplateMatcher(new RouteTemplate(route.RoutePattern), new RouteValueDictionary(route.RoutePattern.Defaults))
                    .TryMatch(path, []))
            {
                methods.UnionWith(allowed.HttpMethods);
            }
        }

        // HEAD is answered wherever GET is.
        return methods.Contains(HttpMethods.Get) ? [.. methods, HttpMethods.Head] : methods;
    }

    /// <summary>Fallbacks are the routes of last resort, for any path.</summary>
    private static bool IsFallback(RouteEndpoint route) => route.Order == int.MaxValue;
}
