using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LoraLab.Contracts;

/// <summary>The words of enums in JSON: camelCase, unless a member has a name of its own.</summary>
public static class EnumWords
{
    /// <summary>The word of a value.</summary>
    public static string Of(Enum value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return Of(value.GetType(), value.ToString());
    }

    /// <summary>The words of all values of an enum.</summary>
    public static IReadOnlyList<string> All(Type type) => [.. Enum.GetNames(type).Select(name => Of(type, name))];

    private static string Of(Type type, string name) =>
        type.GetField(name)?.GetCustomAttribute<JsonStringEnumMemberNameAttribute>()?.Name ?? JsonNamingPolicy.CamelCase.ConvertName(name);
}
