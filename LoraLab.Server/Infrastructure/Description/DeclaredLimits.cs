using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.OpenApi;

namespace LoraLab.Server.Infrastructure.Description;

/// <summary>
/// States the limits that attributes declare: range, length and words of a value. Those of a list are the limits of its items, except
/// for the number of items.
/// </summary>
internal static class DeclaredLimits
{
    public static void Apply(OpenApiSchema schema, IReadOnlyCollection<ValidationAttribute> attributes)
    {
        OpenApiSchema value = schema;
        if (schema.Type?.HasFlag(JsonSchemaType.Array) == true)
        {
            // The framework states them of the list itself.
            (schema.Minimum, schema.Maximum, schema.MinLength, schema.MaxLength) = (null, null, null, null);
            schema.MinItems = attributes.OfType<MinLengthAttribute>().FirstOrDefault()?.Length;
            schema.MaxItems = attributes.OfType<MaxLengthAttribute>().FirstOrDefault()?.Length;
            if (schema.Items is not OpenApiSchema items)
            {
                return;
            }

            value = items;
        }
        else if (attributes.OfType<MinLengthAttribute>().FirstOrDefault() is { } least)
        {
            value.MinLength = least.Length;
        }

        foreach (ValidationAttribute attribute in attributes)
        {
            Apply(value, attribute);
        }
    }

    private static void Apply(OpenApiSchema value, ValidationAttribute attribute)
    {
        switch (attribute)
        {
            case RangeAttribute range:
                (value.Minimum, value.Maximum) = (Text(range.Minimum), Text(range.Maximum));
                break;
            case StringLengthAttribute length:
                value.MinLength = length.MinimumLength > 0 ? length.MinimumLength : null;
                value.MaxLength = length.MaximumLength < int.MaxValue ? length.MaximumLength : null;
                break;
            case RegularExpressionAttribute pattern:
                value.Pattern = pattern.Pattern;
                break;
            case AllowedValuesAttribute allowed:
                value.Enum = [.. allowed.Values.OfType<string>().Select(word => JsonValue.Create(word))];
                break;
        }
    }

    private static string? Text(object bound) => Convert.ToString(bound, CultureInfo.InvariantCulture);
}
