namespace LoraLab.SampleMaker.Text;

/// <summary>Structure of a sentence, independent of its mood.</summary>
internal enum SentenceForm
{
    /// <summary>One statement.</summary>
    Single,

    /// <summary>Two statements of the same mood.</summary>
    Double,

    /// <summary>A statement of the opposite mood, then <c>but</c> and the decisive one.</summary>
    ButLast,

    /// <summary><c>although</c> with the opposite mood, then the decisive statement.</summary>
    AlthoughFirst,

    /// <summary>The decisive statement, then <c>although</c> with the opposite mood.</summary>
    AlthoughLast,
}

/// <summary>
/// The observable features of a statement: kind of word, its mood, whether it is ambiguous (leaning), and whether it is negated.
/// </summary>
internal readonly record struct Cue(PolarKind Kind, Mood Mood, bool Leaning, bool Negated);

/// <summary>A generated sentence with all evidence of its mood.</summary>
/// <param name="Text">The sentence.</param>
/// <param name="Stance">The mood from which it was generated.</param>
/// <param name="Form">Structure.</param>
/// <param name="Cues">Statements in reading order.</param>
/// <param name="PolarWords">Polar words in the same order.</param>
internal sealed record ReviewSentence(
    string Text, Mood Stance, SentenceForm Form, IReadOnlyList<Cue> Cues, IReadOnlyList<string> PolarWords);
