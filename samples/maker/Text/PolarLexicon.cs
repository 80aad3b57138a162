namespace LoraLab.SampleMaker.Text;

/// <summary>The polar words available to a part of the sample.</summary>
internal sealed class PolarLexicon
{
    private readonly Dictionary<(Mood Mood, PolarKind Kind), string[]> _words;

    private PolarLexicon(Dictionary<(Mood Mood, PolarKind Kind), string[]> words) => _words = words;

    /// <summary>All words, for pre-training and evaluation.</summary>
    public static PolarLexicon Full { get; } = new(new Dictionary<(Mood, PolarKind), string[]>
    {
        [(Mood.Positive, PolarKind.Adjective)] = Words.PositiveAdjectives,
        [(Mood.Negative, PolarKind.Adjective)] = Words.NegativeAdjectives,
        [(Mood.Positive, PolarKind.Verb)] = Words.PositiveVerbs,
        [(Mood.Negative, PolarKind.Verb)] = Words.NegativeVerbs,
        [(Mood.Positive, PolarKind.Noun)] = Words.PositiveNouns,
        [(Mood.Negative, PolarKind.Noun)] = Words.NegativeNouns,
    });

    public IReadOnlyList<string> this[Mood mood, PolarKind kind] => _words[(mood, kind)];

    /// <summary>Returns the words of a mood, of all kinds.</summary>
    public IEnumerable<string> Of(Mood mood) => _words.Where(entry => entry.Key.Mood == mood).SelectMany(entry => entry.Value);

    /// <summary>Returns a random two thirds of each kind, the words available in fine-tuning.</summary>
    public static PolarLexicon Seen(ulong seed)
    {
        SeededRandom random = SeededRandom.For(seed, "seen words");
        Dictionary<(Mood, PolarKind), string[]> seen = [];
        foreach (PolarKind kind in Enum.GetValues<PolarKind>())
        {
            foreach (Mood mood in Enum.GetValues<Mood>())
            {
                List<string> words = [.. Full[mood, kind]];
                random.Shuffle(words);
                seen[(mood, kind)] = [.. words.Take(words.Count * 2 / 3).Order(StringComparer.Ordinal)];
            }
        }

        return new PolarLexicon(seen);
    }
}
