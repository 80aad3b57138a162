using System.Text.Json.Nodes;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Server.Infrastructure.Errors;

namespace LoraLab.Server.Experiments.Lifecycle;

/// <summary>Reads the body of <c>PATCH /studies/{id}</c> and <c>PATCH /sweeps/{id}</c>.</summary>
internal static class ExperimentPatchBody
{
    /// <summary>Reads the patch; null notes are read as empty, as for runs.</summary>
    /// <exception cref="ApiFailure">The body is not a valid patch.</exception>
    public static async Task<ExperimentPatch> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        JsonObject body = await RequestBody.ReadObjectAsync(request, cancellationToken: cancellationToken);
        ExperimentPatch patch = RequestBody.Convert<ExperimentPatch>(body);
        return body.TryGetPropertyValue("notes", out JsonNode? notes) && notes is null ? patch with { Notes = "" } : patch;
    }
}
