using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Web.Api;

namespace LoraLab.Web.Pages.NewRun;

/// <summary>What the runs of one method would be.</summary>
/// <param name="Body">Their specification.</param>
/// <param name="DryRun">The server's dry run of it.</param>
public sealed record MethodPreview(JsonObject Body, DryRunResult DryRun)
{
    /// <summary>The memory estimate; null until it is known.</summary>
    internal MemoryEstimate? Memory { get; init; }

    /// <summary>Why there is no memory estimate; null: there is one, or it is not known yet.</summary>
    internal string? Problem { get; init; }

    /// <summary>The preview with its memory estimate.</summary>
    internal async Task<MethodPreview> WithMemoryAsync(LabApi api, CancellationToken cancellationToken)
    {
        try
        {
            JsonObject request = EstimateRequest.Relevant(Body, SpecFieldCatalog.Default);
            return this with { Memory = await api.EstimateAsync(request, cancellationToken) };
        }
        catch (Exception failure) when (failure is ApiException or HttpRequestException)
        {
            return this with { Problem = failure is ApiException ? failure.Message : ApiException.Unreachable };
        }
    }
}
