namespace LoraLab.SampleMaker.Text;

/// <summary>How a sentence is built; it is independent of the mood.</summary>
internal enum SentenceForm
{
    /// <summary>One judgement.</summary>
    Single,

    /// <summary>Two judgements of one mood.</summary>
    Double,

    /// <summary>A judgement of the other mood, then <c>but</c> and the one that counts.</summary>
    ButLast,

    /// <summary><c>although</c> with the other mood, then the judgement that counts.</summary>
    AlthoughFirst,

    /// <summary>The judgement that counts, then <c>although</c> with the other mood.</summary>
    AlthoughLast,
}

/// <summary>What a reader sees of one judgement: the kind of word, the mood it stands for, whether it only leans, and whether it is negated.</summary>
internal readonly record struct Cue(PolarKind Kind, Mood Mood, bool Leaning, bool Negated);

/// <summary>A generated sentence with everything that tells of its mood.</summary>
/// <param name="Text">The sentence.</param>
/// <param name="Stance">The mood that it was generated from.</param>
/// <param name="Form">How it is built.</param>
/// <param name="Cues">Its judgements in reading order.</param>
/// <param name="PolarWords">Their words in the same order.</param>
internal sealed record ReviewSentence(string Text, Mood Stance, SentenceForm Form, IReadOnlyList<Cue> Cues, IReadOnlyList<string> PolarWords);
