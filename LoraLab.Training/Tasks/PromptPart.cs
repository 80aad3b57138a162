using LoraLab.Training.Files.Catalog;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Tasks;

/// <summary>A part of a prompt template: text, or a name in braces that stands for a column.</summary>
/// <param name="Text">The text, or the name without braces.</param>
/// <param name="IsColumn">Whether it is a name.</param>
internal sealed record PromptPart(string Text, bool IsColumn)
{
    private const int MaxName = 64;

    /// <summary>
    /// Splits a template at its names in braces. Braces around what cannot be a name, such as those of a JSON object, are text.
    /// </summary>
    /// <param name="template">The template.</param>
    /// <param name="names">Known names; null: they cannot be known, and every name is accepted.</param>
    /// <exception cref="RunFailure">A name is unknown, or in double braces; field <c>prompt</c>.</exception>
    public static IReadOnlyList<PromptPart> Split(string template, IReadOnlyCollection<string>? names)
    {
        List<PromptPart> parts = [];
        int start = 0;
        for (int open = template.IndexOf('{', StringComparison.Ordinal); open >= 0; open = template.IndexOf('{', open + 1))
        {
            int close = template.AsSpan(open + 1).IndexOfAny("{}\r\n");
            if (close < 0 || template[open + 1 + close] != '}')
            {
                continue;
            }

            string name = template.Substring(open + 1, close);
            if (names?.Contains(name.Trim()) == true && IsDoubled(template, open, open + close + 1))
            {
                throw RunFailure.BadData(
                    $"The prompt contains {{{{{Excerpt.Of(name)}}}}}, but a column is in single braces; write "
                        + $"{{{Excerpt.Of(name.Trim())}}}.",
                    "prompt");
            }

            if (names?.Contains(name) == true || (names is null && IsName(name)))
            {
                parts.Add(new(template[start..open], IsColumn: false));
                parts.Add(new(name, IsColumn: true));
                start = open + close + 2;
            }
            else if (IsName(name))
            {
                string nearest = NearestName.Of(name, names!) is string known ? $"; the nearest is {{{known}}}" : "";
                throw RunFailure.BadData(
                    $"The prompt contains {{{Excerpt.Of(name)}}}, which is not a column of the dataset{nearest}; known are "
                        + $"{string.Join(", ", names!.Select(column => $"{{{Excerpt.Of(column)}}}"))}.",
                    "prompt");
            }
        }

        parts.Add(new(template[start..], IsColumn: false));
        return parts;
    }

    private static bool IsDoubled(string template, int open, int close) =>
        open > 0 && template[open - 1] == '{' && close + 1 < template.Length && template[close + 1] == '}';

    private static bool IsName(string text) => text.Length is > 0 and <= MaxName
        && (char.IsLetter(text[0]) || text[0] is '_' or '#')
        && text.All(c => char.IsLetterOrDigit(c) || c is '_' or '-' or '.' or ' ' or '#');
}
