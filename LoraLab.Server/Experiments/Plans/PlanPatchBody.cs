using System.Text.Json.Nodes;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Server.Infrastructure.Errors;

namespace LoraLab.Server.Experiments.Plans;

/// <summary>Reads the body of <c>PATCH /studies/{id}</c> and <c>PATCH /sweeps/{id}</c>.</summary>
internal static class PlanPatchBody
{
    /// <summary>The patch; notes that are null are empty ones, as they are for runs.</summary>
    /// <exception cref="ApiFailure">The body is no patch.</exception>
    public static async Task<PlanPatch> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        JsonObject body = await RequestBody.ReadObjectAsync(request, cancellationToken: cancellationToken);
        PlanPatch patch = RequestBody.Convert<PlanPatch>(body);
        return body.TryGetPropertyValue("notes", out JsonNode? notes) && notes is null ? patch with { Notes = "" } : patch;
    }
}
