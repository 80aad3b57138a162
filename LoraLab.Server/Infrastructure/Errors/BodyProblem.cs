using System.Text.Json;
using System.Text.RegularExpressions;
using LoraLab.Contracts;

namespace LoraLab.Server.Infrastructure.Errors;

/// <summary>One sentence on why a JSON object cannot be read as a record: the member, and what it must be.</summary>
internal static partial class BodyProblem
{
    /// <summary>The sentence.</summary>
    public static string Of(JsonException error)
    {
        string field = error.Path is { Length: > 2 } path && path.StartsWith("$.", StringComparison.Ordinal) ? path[2..] : "";
        if (Unmapped().Match(error.Message) is { Success: true } unmapped)
        {
            return $"'{field}' is not a known member of this body{Known(unmapped.Groups[1].Value)}.";
        }

        if (Missing().Match(error.Message) is { Success: true } missing)
        {
            string names = missing.Groups[1].Value.Replace("'", "", StringComparison.Ordinal);
            return $"The body has no {names}{(field.Length == 0 ? "" : $" in '{field}'")}; add it.";
        }

        return field.Length == 0 ? $"The body cannot be read: {error.Message}"
            : $"'{field}' has a value of the wrong type{(Expected(error.Message) is string kind ? $"; it must be {kind}" : "")}.";
    }

    private static string Known(string type) => typeof(ContractJson).Assembly.GetType(type) is { } known
        ? $"; known are {string.Join(", ", ContractJson.Options.GetTypeInfo(known).Properties.Select(member => member.Name))}"
        : "";

    private static string? Expected(string message)
    {
        if (Converted().Match(message) is not { Success: true } converted)
        {
            return null;
        }

        string type = converted.Groups[1].Value;
        return type switch
        {
            "System.String" => "a text",
            "System.Boolean" => "true or false",
            "System.Double" or "System.Single" => "a number",
            "System.Int32" or "System.Int64" => "a whole number",
            _ when type.EndsWith("Dictionary", StringComparison.Ordinal) => "an object",
            _ when type.EndsWith("List", StringComparison.Ordinal) => "a list",
            _ when typeof(ContractJson).Assembly.GetType(type) is { IsEnum: false, IsValueType: false } => "an object",
            _ => null,
        };
    }

    /// <summary>The framework's words for a member that the type does not have.</summary>
    [GeneratedRegex(@"could not be mapped to any \.NET member contained in type '([^']+)'")]
    private static partial Regex Unmapped();

    /// <summary>The framework's words for required members that are not there.</summary>
    [GeneratedRegex(@"missing required properties including: (.+)\.$")]
    private static partial Regex Missing();

    /// <summary>The framework's words for a value of another type: its name without parameters, or that within Nullable.</summary>
    [GeneratedRegex(@"could not be converted to (?:System\.Nullable`1\[)?([\w.+]*\w)")]
    private static partial Regex Converted();
}
