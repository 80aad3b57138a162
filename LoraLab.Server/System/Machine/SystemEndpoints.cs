using LoraLab.Contracts.Machine;
using Microsoft.AspNetCore.Http.HttpResults;

namespace LoraLab.Server.System.Machine;

/// <summary><c>/system</c>.</summary>
internal static class SystemEndpoints
{
    public static void MapSystem(this IEndpointRouteBuilder api) =>
        api.MapGet("/system", GetAsync).WithTags("System").WithSummary("The server's machine and configuration, and their problems");

    private static async Task<Ok<SystemDocument>> GetAsync(MachineReport report, CancellationToken cancellationToken) =>
        TypedResults.Ok(await report.CreateAsync(cancellationToken));
}
