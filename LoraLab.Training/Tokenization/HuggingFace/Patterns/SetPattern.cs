using LoraLab.Training.Tokenization.HuggingFace.Unicode;

namespace LoraLab.Training.Tokenization.HuggingFace.Patterns;

/// <summary>Every single code point of a set.</summary>
internal sealed class SetPattern(CodePointSet set) : ITextPattern
{
    /// <inheritdoc />
    public void Match(ReadOnlySpan<char> text, TextScratch scratch)
    {
        List<TextMatch> matches = scratch.Matches;
        matches.Clear();
        int done = 0;
        for (int i = 0; i < text.Length;)
        {
            CodePoint point = CodePoint.At(text, i);
            if (set.Contains(point.Value))
            {
                if (i > done)
                {
                    matches.Add(new(done, i, IsMatch: false));
                }

                done = i + point.Length;
                matches.Add(new(i, done, IsMatch: true));
            }

            i += point.Length;
        }

        if (done < text.Length)
        {
            matches.Add(new(done, text.Length, IsMatch: false));
        }
    }
}
