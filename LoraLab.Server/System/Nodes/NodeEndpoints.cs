using System.Text.Json.Nodes;
using LoraLab.Contracts.Machine;
using LoraLab.Server.Infrastructure.Access;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Scheduling;
using LoraLab.Server.Storage.Leases;
using Microsoft.AspNetCore.Http.HttpResults;

namespace LoraLab.Server.System.Nodes;

/// <summary><c>/system/nodes</c>.</summary>
internal static class NodeEndpoints
{
    public static void MapNodes(this IEndpointRouteBuilder api) => api.MapPatch("/system/nodes/{name}", PatchAsync)
        .Accepts<NodePatch>("application/json").ProducesProblem(404).ProducesProblem(409).WithTags("System")
        .WithSummary("Drains a node, which finishes its runs and takes no more, or lets it take runs again")
        .RequireScope(Scopes.Admin);

    private static async Task<Ok<NodeEntry>> PatchAsync(
        string name, HttpRequest request, INodes nodes, Lanes lanes, CancellationToken cancellationToken)
    {
        JsonObject body = await RequestBody.ReadObjectAsync(request, cancellationToken: cancellationToken);
        if (!body.ContainsKey("draining"))
        {
            throw ApiFailure.Invalid("draining", "draining is missing; it must be true or false.");
        }

        bool draining = RequestBody.Convert<NodePatch>(body).Draining;
        if (!nodes.AreSeveral)
        {
            throw ApiFailure.Conflict(
                "oneNode", "This server is the only node, because it does not use PostgreSQL; pause the queue instead.");
        }

        if (!nodes.SetDraining(name, draining))
        {
            throw ApiFailure.NotFound("nodeNotFound", $"There is no node '{ApiFailure.Shorten(name)}'; /system lists them.");
        }

        lanes.Wake();
        return TypedResults.Ok(nodes.List().First(node => node.Name == name));
    }
}
