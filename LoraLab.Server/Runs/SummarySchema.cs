using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace LoraLab.Server.Runs;

/// <summary>Adds the metrics, which are members of a run's summary, to the OpenAPI document.</summary>
/// <param name="metrics">The metrics.</param>
internal sealed class SummarySchema(MetricCatalog metrics) : IOpenApiDocumentTransformer
{
    /// <inheritdoc />
    public async Task TransformAsync(
        OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        IDictionary<string, IOpenApiSchema> properties = document.Components?.Schemas?[nameof(RunSummary)].Properties
            ?? throw new InvalidOperationException($"The document does not describe {nameof(RunSummary)}.");
        document.AddComponent(
            nameof(MetricSummary), await context.GetOrCreateSchemaAsync(typeof(MetricSummary), cancellationToken: cancellationToken));
        foreach (MetricDescriptor metric in metrics.Summarized)
        {
            OpenApiSchemaReference reference = new(nameof(MetricSummary), document)
            {
                Description = (metric.Description ?? metric.Heading) + ".",
            };
            properties[metric.Key] = new OpenApiSchema
            {
                OneOf = [new OpenApiSchema { Type = JsonSchemaType.Null }, reference],
            };
        }
    }
}
