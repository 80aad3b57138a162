using System.Text.Json.Nodes;
using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace LoraLab.Server.Runs;

/// <summary>Adds the metrics, which are members of a run's summary and objectives of sweeps, to the OpenAPI document.</summary>
/// <param name="metrics">The metrics.</param>
internal sealed class SummarySchema(MetricCatalog metrics) : IOpenApiDocumentTransformer
{
    /// <inheritdoc />
    public async Task TransformAsync(
        OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        if (document.Components?.Schemas is not { } schemas || !schemas.TryGetValue(nameof(RunSummary), out IOpenApiSchema? summary))
        {
            return;
        }

        if (schemas.TryGetValue(nameof(SweepPlan), out IOpenApiSchema? plan)
            && plan.Properties?.TryGetValue("objective", out IOpenApiSchema? objective) == true && objective is OpenApiSchema words)
        {
            words.Enum = [.. metrics.Objectives.Select(metric => JsonValue.Create(metric.Key))];
        }

        document.AddComponent(
            nameof(MetricSummary), await context.GetOrCreateSchemaAsync(typeof(MetricSummary), cancellationToken: cancellationToken));
        foreach (MetricDescriptor metric in metrics.Summarized)
        {
            OpenApiSchemaReference reference = new(nameof(MetricSummary), document)
            {
                Description = (metric.Description ?? metric.Heading) + ".",
            };
            summary.Properties![metric.Key] = new OpenApiSchema
            {
                OneOf = [new OpenApiSchema { Type = JsonSchemaType.Null }, reference],
            };
        }
    }
}
