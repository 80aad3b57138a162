using System.Globalization;
using LoraLab.Contracts.Runs;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace LoraLab.Server.Runs;

/// <summary>Adds title, description, default, bounds and unit of the specification's fields to the OpenAPI document.</summary>
internal sealed class SpecSchema : IOpenApiSchemaTransformer
{
    public const string Unit = "x-unit";

    /// <inheritdoc />
    public Task TransformAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        if (context.JsonPropertyInfo is { } property && typeof(RunSpec).IsAssignableFrom(property.DeclaringType)
            && SpecFieldCatalog.Of(property.DeclaringType).Find(property.Name) is SpecFieldDescriptor field)
        {
            Describe(schema, field);
        }

        return Task.CompletedTask;
    }

    private static void Describe(OpenApiSchema schema, SpecFieldDescriptor field)
    {
        schema.Title = field.Attribute.Label;
        schema.Description = field.Attribute.Help;
        schema.Default = field.Default?.DeepClone();
        schema.Minimum = Text(field.Minimum);
        schema.ExclusiveMinimum = Text(field.ExclusiveMinimum);
        schema.ExclusiveMaximum = Text(field.ExclusiveMaximum);
        if (field.Kind == SpecFieldKind.Text && field.Attribute.MaxLength > 0)
        {
            schema.MinLength = field.Attribute.MinLength > 0 ? field.Attribute.MinLength : null;
            schema.MaxLength = field.Attribute.MaxLength;
        }

        if (field.Attribute.Unit is string unit)
        {
            schema.Extensions ??= new Dictionary<string, IOpenApiExtension>();
            schema.Extensions[Unit] = new JsonNodeExtension(unit);
        }
    }

    private static string? Text(double? bound) => bound?.ToString(CultureInfo.InvariantCulture);
}
