namespace LoraLab.Training.Tokenization.HuggingFace.Models;

/// <summary>The ids of words that were encoded before. Not thread-safe.</summary>
internal sealed class WordCache
{
    private const int MaxWordLength = 256;

    // About 60 MiB at most; English has half of it in use after a million rows.
    private const int MaxUnits = 4 << 20;

    private readonly Dictionary<string, int[]> _words = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> _bySpan;
    private int _units;

    public WordCache() => _bySpan = _words.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Finds a word.</summary>
    public bool TryGet(ReadOnlySpan<char> word, out int[]? ids) => _bySpan.TryGetValue(word, out ids);

    /// <summary>Keeps a word, unless it is long.</summary>
    public void Add(ReadOnlySpan<char> word, ReadOnlySpan<int> ids)
    {
        if (word.Length > MaxWordLength)
        {
            return;
        }

        if (_units > MaxUnits)
        {
            _words.Clear();
            _units = 0;
        }

        // Ids and entry take more than the word.
        _units += word.Length + ids.Length + 16;
        _bySpan[word] = ids.ToArray();
    }
}
