using LoraLab.Training.Tokenization.HuggingFace.Patterns;
using LoraLab.Training.Tokenization.HuggingFace.Unicode;

namespace LoraLab.Training.Tokenization.HuggingFace.Decoders;

/// <summary>Reads the key <c>decoder</c>.</summary>
internal static class DecoderReader
{
    private const string Built = "decoders: ByteLevel, ByteFallback, Fuse, Replace, Strip, Metaspace, Sequence";

    /// <summary>Reads a decoder.</summary>
    /// <exception cref="FormatException">It is not built, or wrong.</exception>
    public static ITokenDecoder Read(TokenizerPart part)
    {
        ITokenDecoder decoder;
        switch (part.Type)
        {
            case "ByteLevel":
                part.Skip("add_prefix_space", "trim_offsets", "use_regex");
                decoder = new ByteLevelDecoder();
                break;
            case "ByteFallback":
                decoder = new ByteFallbackDecoder();
                break;
            case "Fuse":
                decoder = new FuseDecoder();
                break;
            case "Replace":
                decoder = Replace(TextPatterns.Read(part), part.Text("content"));
                break;
            case "Strip":
                decoder = Strip(Character(part, "content"), part.Count("start"), part.Count("stop"));
                break;
            case "Metaspace":
                decoder = Metaspace(part);
                break;
            case "Sequence":
                decoder = new DecoderSequence([.. part.Parts("decoders").Select(Read)]);
                break;
            default:
                throw part.NotBuilt(Built);
        }

        part.RequireNothingElse();
        return decoder;
    }

    private static string Character(TokenizerPart part, string key)
    {
        string text = part.Text(key);
        return text.Length > 0 && CodePoint.At(text, 0).Length == text.Length ? text : throw part.Wrong(key, "must be one character");
    }

    private static EachDecoder Replace(ITextPattern pattern, string content) => new((text, _) =>
    {
        TextScratch scratch = new();
        pattern.Match(text, scratch);
        return string.Concat(scratch.Matches.Select(part => part.IsMatch ? content : text[part.Start..part.End]));
    });

    private static EachDecoder Strip(string character, int start, int stop) => new((text, _) =>
    {
        int from = 0;
        for (int i = 0; i < start && text.AsSpan(from).StartsWith(character, StringComparison.Ordinal); i++)
        {
            from += character.Length;
        }

        int to = text.Length;
        for (int i = 0; i < stop && to - character.Length >= from && text.AsSpan(0, to).EndsWith(character, StringComparison.Ordinal); i++)
        {
            to -= character.Length;
        }

        return text[from..to];
    });

    private static EachDecoder Metaspace(TokenizerPart part)
    {
        string replacement = Character(part, "replacement");
        part.Skip("str_rep", "split");
        bool keepsFirst = part.OptionalText("prepend_scheme") == "never" || part.OptionalFlag("add_prefix_space") == false;
        return new((text, i) => text.Replace(replacement, i == 0 && !keepsFirst ? "" : " ", StringComparison.Ordinal));
    }
}
