namespace LoraLab.SampleMaker.Tokenization;

/// <summary>A learned vocabulary in SentencePiece order: merged pieces by rank, then single characters.</summary>
internal sealed record BpeVocabulary(IReadOnlyList<string> Merged, IReadOnlyList<string> Characters);

/// <summary>
/// Byte-pair encoding as trained by SentencePiece: words begin with U+2581, pieces stay within a word and do not mix letters with
/// punctuation, and the most frequent pair is merged first (ties: the smaller pair in ordinal order).
/// </summary>
internal static class BpeTrainer
{
    public const char Space = '\u2581';

    public static BpeVocabulary Train(IEnumerable<string> texts, int pieces)
    {
        Dictionary<string, long> counts = new(StringComparer.Ordinal);
        foreach (string text in texts)
        {
            foreach (string segment in Segments(text))
            {
                counts[segment] = counts.GetValueOrDefault(segment) + 1;
            }
        }

        (List<string> Symbols, long Count)[] words = [.. counts.OrderBy(entry => entry.Key, StringComparer.Ordinal)
            .Select(entry => (entry.Key.Select(letter => letter.ToString()).ToList(), entry.Value))];
        List<string> characters = [.. words.SelectMany(word => word.Symbols.Select(symbol => (symbol, word.Count)))
            .GroupBy(entry => entry.symbol, entry => entry.Count, StringComparer.Ordinal)
            .OrderByDescending(group => group.Sum()).ThenBy(group => group.Key, StringComparer.Ordinal).Select(group => group.Key)];
        List<string> merged = [];
        HashSet<string> known = [.. characters];
        while (merged.Count + characters.Count < pieces && MostFrequentPair(words) is (string left, string right))
        {
            // Different pairs can spell the same piece, which is added to the vocabulary once.
            if (known.Add(left + right))
            {
                merged.Add(left + right);
            }

            foreach ((List<string> symbols, _) in words)
            {
                Merge(symbols, left, right);
            }
        }

        return new BpeVocabulary(merged, characters);
    }

    /// <summary>
    /// Returns the words of a text with their leading space, split between letters and other characters and at line ends.
    /// </summary>
    internal static IEnumerable<string> Segments(string text)
    {
        foreach (string line in (Space + text.Replace(' ', Space)).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            int start = 0;
            for (int index = 1; index <= line.Length; index++)
            {
                bool border = index == line.Length || line[index] == Space
                    || (line[index - 1] != Space && char.IsLetter(line[index]) != char.IsLetter(line[index - 1]));
                if (border)
                {
                    yield return line[start..index];
                    start = index;
                }
            }
        }
    }

    private static (string Left, string Right)? MostFrequentPair((List<string> Symbols, long Count)[] words)
    {
        Dictionary<(string, string), long> pairs = [];
        foreach ((List<string> symbols, long count) in words)
        {
            for (int index = 1; index < symbols.Count; index++)
            {
                (string, string) pair = (symbols[index - 1], symbols[index]);
                pairs[pair] = pairs.GetValueOrDefault(pair) + count;
            }
        }

        if (pairs.Count == 0)
        {
            return null;
        }

        return pairs.OrderByDescending(entry => entry.Value).ThenBy(entry => entry.Key.Item1, StringComparer.Ordinal)
            .ThenBy(entry => entry.Key.Item2, StringComparer.Ordinal).First().Key;
    }

    private static void Merge(List<string> symbols, string left, string right)
    {
        for (int index = 0; index + 1 < symbols.Count; index++)
        {
            if (symbols[index] == left && symbols[index + 1] == right)
            {
                symbols[index] = left + right;
                symbols.RemoveAt(index + 1);
            }
        }
    }
}
