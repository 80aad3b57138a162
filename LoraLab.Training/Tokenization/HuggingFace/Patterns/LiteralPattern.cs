namespace LoraLab.Training.Tokenization.HuggingFace.Patterns;

/// <summary>The occurrences of a text that is not empty.</summary>
internal sealed class LiteralPattern(string literal) : ITextPattern
{
    /// <summary>The text.</summary>
    public string Literal => literal;

    /// <inheritdoc />
    public void Match(ReadOnlySpan<char> text, TextScratch scratch)
    {
        List<TextMatch> matches = scratch.Matches;
        matches.Clear();
        int done = 0;
        for (int next; (next = text[done..].IndexOf(literal, StringComparison.Ordinal)) >= 0; done += next + literal.Length)
        {
            if (next > 0)
            {
                matches.Add(new(done, done + next, IsMatch: false));
            }

            matches.Add(new(done + next, done + next + literal.Length, IsMatch: true));
        }

        if (done < text.Length)
        {
            matches.Add(new(done, text.Length, IsMatch: false));
        }
    }
}
