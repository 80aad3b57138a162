using LoraLab.Contracts;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Runs.Adapters;

/// <summary>
/// Lets an alias stand for the id of its run in every path below <c>/runs</c>. The id is resolved once, before the route's handler: what
/// the response says, and what it refuses, is about that run.
/// </summary>
internal sealed class AliasRouting(RequestDelegate next, IRunStore store)
{
    private const string Id = "id", Pattern = ApiRoutes.Runs + "/{id}";

    public Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint() is RouteEndpoint { RoutePattern.RawText: string route }
            && (route == Pattern || route.StartsWith(Pattern + "/", StringComparison.Ordinal))
            && context.Request.RouteValues[Id] is string name
            && store.Find(name) is null
            && AdapterReferences.OfAlias(store, name) is { } run)
        {
            context.Request.RouteValues[Id] = run.Document.Id;
        }

        return next(context);
    }
}
