namespace LoraLab.Server.Infrastructure.Access;

/// <summary>Declares the scopes of routes.</summary>
internal static class ScopeConventions
{
    /// <summary>Requires <paramref name="scope"/>; without this, GET requires read, DELETE admin, and all others submit.</summary>
    public static TBuilder RequireScope<TBuilder>(this TBuilder builder, string scope)
        where TBuilder : IEndpointConventionBuilder
    {
        builder.Add(endpoint => RequiredScope.On(endpoint, scope));
        return builder;
    }
}
