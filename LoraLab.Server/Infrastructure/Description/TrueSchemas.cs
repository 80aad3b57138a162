using System.Collections.Concurrent;
using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using LoraLab.Contracts.Runs;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace LoraLab.Server.Infrastructure.Description;

/// <summary>
/// Corrects what the framework derives from types: numbers are numbers, and not also words for NaN, which the API never writes; enums are
/// strings, and null is not one of their values; every array has items; and members, items and values are nullable exactly where their
/// declaration says so, also those without a setter; limits are those of their attributes. As a schema transformer it collects the types
/// of the document's schemas, which it corrects as a document transformer.
/// </summary>
internal sealed class TrueSchemas : IOpenApiSchemaTransformer, IOpenApiDocumentTransformer
{
    private const string SchemaId = "x-schema-id";

    private readonly ConcurrentDictionary<string, JsonTypeInfo> _types = new();

    /// <inheritdoc />
    public Task TransformAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        if (schema.Metadata?.TryGetValue(SchemaId, out object? id) == true && id is string { Length: > 0 } name
            && Nullable.GetUnderlyingType(context.JsonTypeInfo.Type) is null)
        {
            _types[name] = context.JsonTypeInfo;
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc />
    public Task TransformAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        NullabilityInfoContext nullability = new();
        foreach ((string name, IOpenApiSchema component) in document.Components?.Schemas ?? new Dictionary<string, IOpenApiSchema>())
        {
            if (component is not OpenApiSchema schema)
            {
                continue;
            }

            CorrectEnum(schema);
            foreach (JsonPropertyInfo member in _types.TryGetValue(name, out JsonTypeInfo? type) ? type.Properties : [])
            {
                if (member.AttributeProvider is PropertyInfo property
                    && schema.Properties?.TryGetValue(member.Name, out IOpenApiSchema? own) == true)
                {
                    IOpenApiSchema described = Describe(Correct(own, nullability.Create(property)), property, document);
                    // The framework copies the text of a comment as it is in XML.
                    described.Description = WebUtility.HtmlDecode(described.Description);
                    schema.Properties[member.Name] = described;
                }
            }
        }

        return Task.CompletedTask;
    }

    private static void CorrectEnum(OpenApiSchema schema)
    {
        if (schema.Enum is { Count: > 0 } values)
        {
            schema.Type ??= JsonSchemaType.String;
            schema.Enum = [.. values.Where(value => value?.GetValueKind() == JsonValueKind.String)];
        }
    }

    /// <summary>Adds what the attributes of the property say.</summary>
    private static IOpenApiSchema Describe(IOpenApiSchema schema, PropertyInfo property, OpenApiDocument document)
    {
        if (property.GetCustomAttribute<DescribedAsAttribute>() is { } described)
        {
            OpenApiSchemaReference reference = new(described.Type.Name, document)
            {
                Description = schema.Description
                    ?? schema.OneOf?.Select(choice => choice.Description).FirstOrDefault(text => text is not null),
            };
            return AllowsNull(schema) ? OrNull(reference) : reference;
        }

        ValidationAttribute[] limits = [.. property.GetCustomAttributes<ValidationAttribute>()];
        if (limits.OfType<AllowedValuesAttribute>().Any() && AllowsNull(schema))
        {
            // Null is not one of the words.
            OpenApiSchema words = new() { Type = JsonSchemaType.String };
            DeclaredLimits.Apply(words, limits);
            return new OpenApiSchema
            {
                Description = schema.Description,
                OneOf = [new OpenApiSchema { Type = JsonSchemaType.Null }, words],
            };
        }

        if (schema is OpenApiSchema own && limits.Length > 0)
        {
            DeclaredLimits.Apply(own, limits);
        }

        return schema;
    }

    private static bool AllowsNull(IOpenApiSchema schema) =>
        schema.Type?.HasFlag(JsonSchemaType.Null) == true || schema.OneOf?.Any(choice => choice.Type == JsonSchemaType.Null) == true;

    private static IOpenApiSchema Correct(IOpenApiSchema schema, NullabilityInfo declared)
    {
        Type type = Nullable.GetUnderlyingType(declared.Type) ?? declared.Type;
        bool nullable = declared.ReadState == NullabilityState.Nullable;
        if (typeof(JsonNode) == type || type == typeof(JsonElement) || type == typeof(object))
        {
            return new OpenApiSchema { Description = schema.Description is { Length: > 0 } text ? text : "Any JSON value." };
        }

        if (type == typeof(double) || type == typeof(float))
        {
            return new OpenApiSchema
            {
                Type = nullable ? JsonSchemaType.Number | JsonSchemaType.Null : JsonSchemaType.Number,
                Format = "double",
                Description = schema.Description,
                Default = schema.Default,
            };
        }

        if (schema is OpenApiSchema { Type: { } kind } inline)
        {
            NullabilityInfo? content = declared.ElementType ?? declared.GenericTypeArguments.LastOrDefault();
            if (kind.HasFlag(JsonSchemaType.Array))
            {
                inline.Items ??= new OpenApiSchema();
                inline.Items = content is null ? inline.Items : Correct(inline.Items, content);
            }
            else if (kind.HasFlag(JsonSchemaType.Object) && declared.GenericTypeArguments.Length == 2)
            {
                inline.AdditionalProperties = Correct(inline.AdditionalProperties ?? Infer(content!.Type), content!);
            }
        }

        return nullable ? OrNull(schema) : schema;
    }

    /// <summary>The framework describes nothing for values that may be null.</summary>
    private static OpenApiSchema Infer(Type type) => new() { Type = type == typeof(string) ? JsonSchemaType.String : null };

    /// <summary>The schema, with null allowed.</summary>
    private static IOpenApiSchema OrNull(IOpenApiSchema schema)
    {
        if (AllowsNull(schema))
        {
            return schema;
        }

        if (schema is OpenApiSchema { Type: { } type } inline)
        {
            inline.Type = type | JsonSchemaType.Null;
            return inline;
        }

        return new OpenApiSchema { OneOf = [new OpenApiSchema { Type = JsonSchemaType.Null }, schema] };
    }
}
