using LoraLab.SampleMaker.Text;

namespace LoraLab.SampleMaker.Small;

/// <summary>Clauses of the small datasets, in the words that the sample's model was pre-trained on.</summary>
/// <param name="random">Source of the choices.</param>
/// <param name="lexicon">Words that carry a mood.</param>
internal sealed class Clauses(SeededRandom random, PolarLexicon lexicon)
{
    /// <summary>A mood's adjective, with an intensifier or without.</summary>
    public string Adjective(Mood mood)
    {
        string adjective = random.Pick(lexicon[mood, PolarKind.Adjective]);
        return random.Chance(0.4) ? $"{random.Pick(Words.Intensifiers)} {adjective}" : adjective;
    }

    /// <summary>A statement about a subject, such as <c>its plot felt rather dull</c>.</summary>
    public string Statement(string subject, Mood mood) => random.NextIndex(3) switch
    {
        0 => $"{subject} {random.Pick(Words.NounCopulas)} a {random.Pick(lexicon[mood, PolarKind.Noun])}",
        _ => $"{subject} {random.Pick(Words.Copulas)} {Adjective(mood)}",
    };
}
