namespace LoraLab.Server.Infrastructure.Access;

/// <summary>How routes say what they need.</summary>
internal static class ScopeConventions
{
    /// <summary>Needs <paramref name="scope"/>; without this, GET needs read, DELETE admin, and the rest submit.</summary>
    public static TBuilder RequireScope<TBuilder>(this TBuilder builder, string scope)
        where TBuilder : IEndpointConventionBuilder
    {
        builder.Add(endpoint => RequiredScope.On(endpoint, scope));
        return builder;
    }
}
