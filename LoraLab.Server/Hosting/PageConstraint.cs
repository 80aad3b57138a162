namespace LoraLab.Server.Hosting;

/// <summary>
/// Matches the paths that are served by the dashboard's page: not those of the API, the hubs and the like, so that a wrong address there
/// returns 404 (and a wrong method 405) instead of a page.
/// </summary>
internal sealed class PageConstraint : IRouteConstraint
{
    public const string Name = "page";

    private static readonly string[] _reservedPrefixes = ["api", "hubs", "health", "openapi", "api-docs", "hangfire", "metrics"];

    public bool Match(HttpContext? httpContext, IRouter? route, string routeKey, RouteValueDictionary values, RouteDirection routeDirection)
    {
        string path = values.TryGetValue(routeKey, out object? value) ? value as string ?? "" : "";
        int slash = path.IndexOf('/', StringComparison.Ordinal);
        string first = slash < 0 ? path : path[..slash];
        return !_reservedPrefixes.Contains(first, StringComparer.OrdinalIgnoreCase);
    }
}
