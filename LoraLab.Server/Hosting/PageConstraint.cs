namespace LoraLab.Server.Hosting;

/// <summary>
/// Paths that the dashboard's page answers: not the API's, the hubs' and the like, so that a wrong address there is 404
/// (and a wrong method 405) instead of a page.
/// </summary>
internal sealed class PageConstraint : IRouteConstraint
{
    public const string Name = "page";

    private static readonly string[] ReservedPrefixes = ["api", "hubs", "health", "openapi", "api-docs", "hangfire", "metrics"];

    public bool Match(HttpContext? httpContext, IRouter? route, string routeKey, RouteValueDictionary values, RouteDirection routeDirection)
    {
        string path = values.TryGetValue(routeKey, out object? value) ? value as string ?? "" : "";
        int slash = path.IndexOf('/', StringComparison.Ordinal);
        string first = slash < 0 ? path : path[..slash];
        return !ReservedPrefixes.Contains(first, StringComparer.OrdinalIgnoreCase);
    }
}
