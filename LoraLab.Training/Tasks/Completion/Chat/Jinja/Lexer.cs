namespace LoraLab.Training.Tasks.Completion.Chat.Jinja;

/// <summary>Divides a template into text and tags, with the white space that Transformers leaves out (trim_blocks,
/// lstrip_blocks).</summary>
internal static class Lexer
{
    /// <summary>Kinds of parts.</summary>
    public enum Kind
    {
        /// <summary>Text as it is.</summary>
        Text,

        /// <summary>What is between <c>{{</c> and <c>}}</c>.</summary>
        Output,

        /// <summary>What is between <c>{%</c> and <c>%}</c>.</summary>
        Statement,
    }

    /// <summary>The parts of a template.</summary>
    /// <exception cref="FormatException">A tag is not closed.</exception>
    public static List<(Kind Kind, string Content)> Split(string template)
    {
        List<(Kind, string)> parts = [];
        string text = template.EndsWith('\n') ? template[..^1] : template;
        int at = 0;
        bool trimsNext = false;
        while (at < text.Length)
        {
            int open = NextTag(text, at);
            string between = text[at..open];
            bool isTag = open < text.Length;
            bool trims = isTag && open + 2 < text.Length && text[open + 2] == '-';
            char kind = isTag ? text[open + 1] : ' ';
            between = trimsNext ? between.TrimStart() : between;
            between = trims ? between.TrimEnd() : kind is '%' or '#' ? WithoutIndent(between, at == 0) : between;
            if (between.Length > 0)
            {
                parts.Add((Kind.Text, between));
            }

            if (!isTag)
            {
                break;
            }

            string end = kind switch { '%' => "%}", '#' => "#}", _ => "}}" };
            int close = Close(text, open + 2, end);
            bool trimsBehind = text[close - 1] == '-';
            string content = text[(open + (trims || text[open + 2] == '+' ? 3 : 2))..(trimsBehind ? close - 1 : close)].Trim();
            if (kind != '#')
            {
                parts.Add((kind == '%' ? Kind.Statement : Kind.Output, content));
            }

            at = close + 2;
            trimsNext = trimsBehind;
            if (kind != '{' && !trimsBehind && at < text.Length && text[at] == '\n')
            {
                at++;
            }
        }

        return parts;
    }

    private static int NextTag(string text, int from)
    {
        for (int i = from; i + 1 < text.Length; i++)
        {
            if (text[i] == '{' && text[i + 1] is ('{' or '%' or '#'))
            {
                return i;
            }
        }

        return text.Length;
    }

    private static string WithoutIndent(string between, bool isStart)
    {
        int line = between.LastIndexOf('\n') + 1;
        return (line > 0 || isStart) && between.AsSpan(line).IndexOfAnyExcept(" \t") < 0 ? between[..line] : between;
    }

    // An end in a quoted text does not count.
    private static int Close(string text, int from, string end)
    {
        char quote = '\0';
        for (int i = from; i + 1 < text.Length; i++)
        {
            if (quote != '\0')
            {
                i += text[i] == '\\' ? 1 : 0;
                quote = text[i] == quote && text[i - 1] != '\\' ? '\0' : quote;
            }
            else if (string.CompareOrdinal(text, i, end, 0, 2) == 0)
            {
                return i;
            }
            else if (end != "#}" && text[i] is ('\'' or '"'))
            {
                quote = text[i];
            }
        }

        throw new FormatException("a tag is not closed");
    }
}
