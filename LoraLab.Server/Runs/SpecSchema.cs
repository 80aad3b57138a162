using System.Globalization;
using LoraLab.Contracts.Runs;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace LoraLab.Server.Runs;

/// <summary>Adds title, description, default, bounds and unit of the specification's fields to the OpenAPI document.</summary>
/// <param name="type">The type of the specification.</param>
internal sealed class SpecSchema(Type type) : IOpenApiDocumentTransformer
{
    private const string UnitKey = "x-unit";

    /// <inheritdoc />
    public Task TransformAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        Describe(document);
        return Task.CompletedTask;
    }

    /// <summary>Describes the fields in a document that contains the specification's schema.</summary>
    public void Describe(OpenApiDocument document)
    {
        IDictionary<string, IOpenApiSchema> properties = document.Components?.Schemas?[type.Name].Properties
            ?? throw new InvalidOperationException($"The document does not describe {type.Name}.");
        foreach (SpecFieldDescriptor field in SpecFieldCatalog.Of(type).Fields)
        {
            properties[field.Name] = Describe(properties[field.Name], field);
        }
    }

    private static IOpenApiSchema Describe(IOpenApiSchema schema, SpecFieldDescriptor field)
    {
        // A schema that other documents share is referred to, and described beside the reference.
        if (schema is OpenApiSchemaReference reference && field.Kind is SpecFieldKind.Choice or SpecFieldKind.Options)
        {
            (reference.Title, reference.Description, reference.Default) =
                (field.Attribute.Label, field.Attribute.Help, field.Default?.DeepClone());
            return reference;
        }

        OpenApiSchema own = field.Kind switch
        {
            SpecFieldKind.AutoOrInteger => Either(
                Word("auto"), new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int32", Minimum = Text(field.Minimum) }),
            SpecFieldKind.Layers => Either(
                Word(TargetModules.AllLinearWord),
                new OpenApiSchema
                {
                    Type = JsonSchemaType.Array,
                    MinItems = 1,
                    Items = new OpenApiSchema { Type = JsonSchemaType.String },
                }),
            // Without the words for values that are not finite, which no field accepts.
            SpecFieldKind.Number => WithBounds(
                new OpenApiSchema
                {
                    Type = field.IsNullable ? JsonSchemaType.Number | JsonSchemaType.Null : JsonSchemaType.Number,
                    Format = "double",
                },
                field),
            _ => WithBounds((OpenApiSchema)schema, field),
        };
        (own.Title, own.Description, own.Default) = (field.Attribute.Label, field.Attribute.Help, field.Default?.DeepClone());
        if (field.Attribute.Unit is string unit)
        {
            own.Extensions ??= new Dictionary<string, IOpenApiExtension>();
            own.Extensions[UnitKey] = new JsonNodeExtension(unit);
        }

        return own;
    }

    private static OpenApiSchema WithBounds(OpenApiSchema schema, SpecFieldDescriptor field)
    {
        schema.Minimum = Text(field.Minimum);
        schema.ExclusiveMinimum = Text(field.ExclusiveMinimum);
        schema.ExclusiveMaximum = Text(field.ExclusiveMaximum);
        if (field.Attribute.MaxLength > 0 && (field.Kind == SpecFieldKind.Words ? schema.Items : schema) is OpenApiSchema text)
        {
            text.MinLength = field.Kind == SpecFieldKind.Words ? 1 : field.Attribute.MinLength is > 0 and int least ? least : null;
            text.MaxLength = field.Attribute.MaxLength;
        }

        return schema;
    }

    private static OpenApiSchema Either(OpenApiSchema word, OpenApiSchema other) => new() { AnyOf = [word, other] };

    private static OpenApiSchema Word(string word) => new() { Type = JsonSchemaType.String, Enum = [word] };

    private static string? Text(double? bound) => bound?.ToString(CultureInfo.InvariantCulture);
}
