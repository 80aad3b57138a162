namespace LoraLab.Server.Infrastructure.Access;

/// <summary>Which scope a request needs: what its endpoint says, else what its method suggests, so that a route that says nothing is not open.</summary>
/// <param name="Scope">The scope.</param>
internal sealed record RequiredScope(string Scope)
{
    /// <summary>The endpoint needs this scope, whatever its method.</summary>
    public static void On(EndpointBuilder endpoint, string scope) => endpoint.Metadata.Add(new RequiredScope(scope));

    public static string For(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<RequiredScope>()?.Scope ?? ByMethod(context.Request.Method);

    private static string ByMethod(string method) =>
        HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method) ? Scopes.Read
        : HttpMethods.IsDelete(method) ? Scopes.Admin
        : Scopes.Submit;
}
