using System.Globalization;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace LoraLab.Server.Runs;

/// <summary>Adds title, description, default, bounds and unit of the specification's fields to the OpenAPI document.</summary>
/// <param name="type">The type of the specification.</param>
/// <param name="hasDefaults">Whether an absent field has its default; otherwise it is left unchanged.</param>
internal sealed class SpecSchema(Type type, bool hasDefaults = true) : IOpenApiDocumentTransformer
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
        IDictionary<string, IOpenApiSchema>? schemas = document.Components?.Schemas;
        IDictionary<string, IOpenApiSchema> properties = schemas?[type.Name].Properties
            ?? throw new InvalidOperationException($"The document does not describe {type.Name}.");
        foreach (SpecFieldDescriptor field in SpecFieldCatalog.Of(type).Fields)
        {
            if (Either(field) is { } values)
            {
                schemas![field.Type.Name] = values;
                properties[field.Name] = new OpenApiSchemaReference(field.Type.Name, document);
            }

            properties[field.Name] = Describe(properties[field.Name], field);
        }
    }

    private IOpenApiSchema Describe(IOpenApiSchema schema, SpecFieldDescriptor field)
    {
        // A schema that other documents share is referred to, and described beside the reference.
        if (schema is OpenApiSchemaReference reference)
        {
            (reference.Title, reference.Description, reference.Default) =
                (field.Attribute.Label, field.Attribute.Help, Default(field));
            AddUnit(extensions => reference.Extensions = extensions, field);
            return reference;
        }

        OpenApiSchema own = field.Kind switch
        {
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
        (own.Title, own.Description, own.Default) = (field.Attribute.Label, field.Attribute.Help, Default(field));
        AddUnit(extensions => own.Extensions = extensions, field);
        return own;
    }

    private static void AddUnit(Action<Dictionary<string, IOpenApiExtension>> set, SpecFieldDescriptor field)
    {
        if (field.Attribute.Unit is string unit)
        {
            set(new Dictionary<string, IOpenApiExtension> { [UnitKey] = new JsonNodeExtension(unit) });
        }
    }

    /// <summary>The values of a field that is a word or something else; null: of another field.</summary>
    private static OpenApiSchema? Either(SpecFieldDescriptor field) => field.Kind switch
    {
        SpecFieldKind.AutoOrInteger => Either(
            "auto", new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int32", Minimum = Text(field.Minimum) }),
        SpecFieldKind.Layers => Either(
            TargetModules.AllLinearWord,
            new OpenApiSchema
            {
                Type = JsonSchemaType.Array,
                MinItems = 1,
                Items = new OpenApiSchema { Type = JsonSchemaType.String },
            }),
        _ => null,
    };

    private JsonNode? Default(SpecFieldDescriptor field) => hasDefaults ? field.Default?.DeepClone() : null;

    private static OpenApiSchema WithBounds(OpenApiSchema schema, SpecFieldDescriptor field)
    {
        // Those of a list or an object are the bounds of its numbers.
        IOpenApiSchema? inner = field.Kind == SpecFieldKind.Integers ? schema.Items : schema.AdditionalProperties;
        OpenApiSchema numbers = inner as OpenApiSchema ?? schema;
        numbers.Minimum ??= Text(field.Minimum);
        numbers.ExclusiveMinimum = Text(field.ExclusiveMinimum);
        numbers.ExclusiveMaximum = Text(field.ExclusiveMaximum);
        if (field.Kind == SpecFieldKind.Integers)
        {
            schema.MinItems = 1;
        }

        if (field.Kind == SpecFieldKind.Pattern)
        {
            schema.MaxProperties = TextLimits.ModuleNames;
            return schema;
        }

        if (field.Attribute.MaxLength > 0 && (field.Kind == SpecFieldKind.Words ? schema.Items : schema) is OpenApiSchema text)
        {
            text.MinLength = field.Kind == SpecFieldKind.Words ? 1 : field.Attribute.MinLength is > 0 and int least ? least : null;
            text.MaxLength = field.Attribute.MaxLength;
        }

        return schema;
    }

    private static OpenApiSchema Either(string word, OpenApiSchema other) =>
        new() { AnyOf = [new OpenApiSchema { Type = JsonSchemaType.String, Enum = [word] }, other] };

    private static string? Text(double? bound) => bound?.ToString(CultureInfo.InvariantCulture);
}
