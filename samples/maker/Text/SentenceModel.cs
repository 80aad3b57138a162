namespace LoraLab.SampleMaker.Text;

/// <summary>
/// The probabilities that connect labels and observations. Everything else in a sentence (aspects, persons, places, contexts) is drawn
/// independently of the mood, so that the posterior of the label depends only on the form and the cues.
/// </summary>
internal static class SentenceModel
{
    /// <summary>Probability of a wrong label.</summary>
    public const double LabelNoise = 0.02;

    /// <summary>Probability that a statement negates its opposite.</summary>
    public const double Negation = 0.15;

    /// <summary>Probability that an adjective is ambiguous (leaning).</summary>
    public const double Leaning = 0.06;

    /// <summary>Probability that a leaning adjective is used for the mood it leans toward.</summary>
    public const double LeaningFaithful = 0.75;

    public static IReadOnlyList<(SentenceForm Form, double Probability)> Forms { get; } =
    [
        (SentenceForm.Single, 0.35),
        (SentenceForm.Double, 0.35),
        (SentenceForm.ButLast, 0.15),
        (SentenceForm.AlthoughFirst, 0.10),
        (SentenceForm.AlthoughLast, 0.05),
    ];

    public static IReadOnlyList<(PolarKind Kind, double Probability)> Kinds { get; } =
        [(PolarKind.Adjective, 0.5), (PolarKind.Verb, 0.25), (PolarKind.Noun, 0.25)];

    /// <summary>Returns, per statement in reading order, whether it opposes the sentence's stance.</summary>
    public static IReadOnlyList<bool> AgainstStance(SentenceForm form) => form switch
    {
        SentenceForm.Single => [false],
        SentenceForm.Double => [false, false],
        SentenceForm.ButLast or SentenceForm.AlthoughFirst => [true, false],
        SentenceForm.AlthoughLast => [false, true],
        _ => throw new ArgumentOutOfRangeException(nameof(form)),
    };

    /// <summary>P(cue | mood expressed by the statement).</summary>
    public static double Probability(Cue cue, Mood expressed)
    {
        Mood meant = expressed.Turned(cue.Negated);
        double probability = (cue.Negated ? Negation : 1 - Negation) * Kinds.First(kind => kind.Kind == cue.Kind).Probability;
        if (cue.Leaning)
        {
            return cue.Kind == PolarKind.Adjective
                ? probability * Leaning * (cue.Mood == meant ? LeaningFaithful : 1 - LeaningFaithful)
                : 0;
        }

        double strict = cue.Kind == PolarKind.Adjective ? 1 - Leaning : 1;
        return cue.Mood == meant ? probability * strict : 0;
    }
}
