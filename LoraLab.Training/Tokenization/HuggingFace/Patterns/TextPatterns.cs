namespace LoraLab.Training.Tokenization.HuggingFace.Patterns;

/// <summary>Reads the patterns of <c>tokenizer.json</c>.</summary>
internal static class TextPatterns
{
    /// <summary>Words and runs of other characters that are not white space, with the classes of Rust's regular expressions.</summary>
    public static ITextPattern Words() => new RegexPattern(new(@"[\w\u200C\u200D]+|[^\w\u200C\u200D\s]+"));

    /// <summary>The pattern of a part: <c>{"String": text}</c> or <c>{"Regex": expression}</c>.</summary>
    /// <exception cref="FormatException">It is something else, or not supported.</exception>
    public static ITextPattern Read(TokenizerPart owner)
    {
        TokenizerPart part = owner.Part("pattern");
        string? text = part.OptionalText("String");
        string? expression = part.OptionalText("Regex");
        part.RequireNothingElse();
        if (text is null == expression is null)
        {
            throw owner.Wrong("pattern", "must have either String or Regex");
        }

        try
        {
            return text is null ? new RegexPattern(new(expression!))
                : text.Length > 0 ? new LiteralPattern(text)
                : throw owner.Wrong("pattern", "must not be empty");
        }
        catch (FormatException problem) when (text is null)
        {
            throw new FormatException($"{problem.Message}, in {part.Place}", problem);
        }
    }
}
