namespace LoraLab.Server.Infrastructure.Access;

/// <summary>The scope that a request requires: its endpoint's, else its method's default, so that no route is open by omission.</summary>
/// <param name="Scope">The scope.</param>
internal sealed record RequiredScope(string Scope)
{
    /// <summary>Requires this scope on the endpoint, whatever its method.</summary>
    public static void On(EndpointBuilder endpoint, string scope) => endpoint.Metadata.Add(new RequiredScope(scope));

    public static string For(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<RequiredScope>()?.Scope ?? ByMethod(context.Request.Method);

    private static string ByMethod(string method) =>
        HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method) ? Scopes.Read
        : HttpMethods.IsDelete(method) ? Scopes.Admin
        : Scopes.Submit;
}
