namespace LoraLab.Training.Tokenization.HuggingFace.Patterns;

/// <summary>The matches of a regular expression, one after the other; an empty one right behind another does not count.</summary>
internal sealed class RegexPattern(Pattern pattern) : ITextPattern
{
    /// <inheritdoc />
    public void Match(ReadOnlySpan<char> text, TextScratch scratch)
    {
        List<TextMatch> matches = scratch.Matches;
        matches.Clear();
        (int done, int from) = (0, 0);
        int? lastEnd = null;
        while (from <= text.Length && pattern.Find(text, from, scratch.Choices) is ( >= 0, _) and (int start, int end))
        {
            if (start == end && end == lastEnd)
            {
                from = end + (end < text.Length && char.IsHighSurrogate(text[end]) ? 2 : 1);
                continue;
            }

            if (start > done)
            {
                matches.Add(new(done, start, IsMatch: false));
            }

            matches.Add(new(start, end, IsMatch: true));
            (done, from, lastEnd) = (end, end, end);
        }

        if (done < text.Length)
        {
            matches.Add(new(done, text.Length, IsMatch: false));
        }
    }
}
