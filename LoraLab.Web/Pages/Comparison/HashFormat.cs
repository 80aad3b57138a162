using System.Text.Json.Nodes;
using LoraLab.Web.Components;

namespace LoraLab.Web.Pages.Comparison;

/// <summary>Hashes, abbreviated to their first digits.</summary>
internal static class HashFormat
{
    private const int FullLength = 64;
    private const int ShownLength = 10;

    public static string Shorten(string text) =>
        text.Length == FullLength && text.All(char.IsAsciiHexDigit) ? text[..ShownLength] + "…" : text;

    /// <summary>A value of the comparison table, with hashes abbreviated.</summary>
    public static string Shorten(JsonNode? value) => value switch
    {
        null => Format.Nothing,
        JsonObject members => string.Join(", ", members.Select(member => $"{member.Key} {Shorten(member.Value)}")),
        _ => Shorten(JsonFormat.Show(value)),
    };
}
