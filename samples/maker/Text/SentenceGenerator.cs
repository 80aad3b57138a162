using System.Text;

namespace LoraLab.SampleMaker.Text;

/// <summary>Generates review sentences: a form, statements that match the stance, and neutral context.</summary>
internal sealed class SentenceGenerator(SeededRandom random, PolarLexicon lexicon)
{
    private const double TurningNotes = 0.3;
    private const double ConcedingNotes = 0.4;
    private static readonly string[] _adjectiveNegations = ["not", "never", "far from", "anything but"];
    private static readonly string[] _verbNegations = ["never", "hardly", "rarely", "scarcely"];

    public ReviewSentence Next(Mood stance)
    {
        SentenceForm form = PickWeighted(SentenceModel.Forms);
        List<Cue> cues = [];
        List<string> words = [];
        List<string> statements = [];
        foreach (bool against in SentenceModel.AgainstStance(form))
        {
            (string text, Cue cue, string word) = Statement(stance.Turned(against));
            statements.Add(text);
            cues.Add(cue);
            words.Add(word);
        }

        return new ReviewSentence(Assemble(form, statements) + ".", stance, form, cues, words);
    }

    /// <summary>Generates telegram-style notes, dense with words of one mood, as in short reviews; pre-training only.</summary>
    public string Notes(Mood mood)
    {
        int count = 2 + random.NextIndex(4);
        bool turns = random.Chance(TurningNotes);
        bool concedes = turns && random.Chance(ConcedingNotes);
        StringBuilder notes = new(concedes ? Concession() + " " : "");
        for (int index = 0; index < count; index++)
        {
            string link = index switch
            {
                0 => "",
                1 when concedes => ", ",
                1 when turns => random.Pick([", but ", ", yet ", ", and still "]),
                _ => random.Pick([", ", ", ", " and "]),
            };
            notes.Append(link).Append(Note(mood.Turned(turns && index == 0)));
        }

        return notes.Append('.').ToString();
    }

    /// <summary>Generates a list of words of one mood, like the keywords of a review; pre-training only.</summary>
    public string Keywords(Mood mood)
    {
        IEnumerable<string> words = Enumerable.Range(0, 3 + random.NextIndex(4)).Select(_ =>
        {
            PolarKind kind = PickWeighted(SentenceModel.Kinds);
            return (kind == PolarKind.Noun ? "a " : "") + random.Pick(lexicon[mood, kind]);
        });
        return string.Join(", ", words) + ".";
    }

    private string Note(Mood expressed)
    {
        PolarKind kind = PickWeighted(SentenceModel.Kinds);
        bool negated = random.Chance(SentenceModel.Negation);
        string word = random.Pick(lexicon[expressed.Turned(negated), kind]);
        return kind switch
        {
            PolarKind.Adjective when negated => $"{random.Pick(_adjectiveNegations)} {word}",
            PolarKind.Adjective => random.Chance(0.3) ? $"{random.Pick(Words.Intensifiers)} {word}" : word,
            PolarKind.Verb => $"{(negated ? random.Pick(_verbNegations) + " " : "")}{word} {random.Pick(Words.Persons)}",
            _ => (negated ? random.Pick(["no", "not a", "hardly a"]) : "a") + " " + word,
        };
    }

    private string Assemble(SentenceForm form, IReadOnlyList<string> statements)
    {
        switch (form)
        {
            case SentenceForm.Single:
                return random.NextIndex(4) switch
                {
                    0 => $"{Context()}, {statements[0]} {Context()}",
                    1 => $"{Watching()} {Context()}, and {statements[0]}",
                    2 => $"{statements[0]} when {Watching()} {Context()}",
                    _ => $"{statements[0]} {Context()}",
                };
            case SentenceForm.Double:
                string pair = $"{statements[0]} {random.Pick(["and", "because", "as", "just as"])} {statements[1]}";
                return random.Chance(0.3) ? $"{Context()}, {pair}" : pair;
            case SentenceForm.ButLast:
                return $"{statements[0]}{random.Pick([", but", ", yet", " but", ", and still"])} {statements[1]}";
            case SentenceForm.AlthoughFirst:
                return $"{Concession()} {statements[0]}, {statements[1]}";
            default:
                return $"{statements[0]}, {Concession()} {statements[1]}";
        }
    }

    private (string Text, Cue Cue, string Word) Statement(Mood expressed)
    {
        PolarKind kind = PickWeighted(SentenceModel.Kinds);
        bool negated = random.Chance(SentenceModel.Negation);
        Mood meant = expressed.Turned(negated);
        bool leaning = kind == PolarKind.Adjective && random.Chance(SentenceModel.Leaning);
        Mood shown = leaning ? meant.Turned(!random.Chance(SentenceModel.LeaningFaithful)) : meant;
        IReadOnlyList<string> choices = !leaning ? lexicon[shown, kind]
            : shown == Mood.Positive ? Words.LeaningPositive
            : Words.LeaningNegative;
        string word = random.Pick(choices);
        string text = kind switch
        {
            PolarKind.Adjective => $"{Subject()} {WithAdjective(word, negated)}",
            PolarKind.Verb => $"{Subject()} {(negated ? random.Pick(_verbNegations) + " " : "")}{word} {random.Pick(Words.Persons)}",
            _ => $"{Subject()} {WithNoun(word, negated)}",
        };
        return (text, new Cue(kind, shown, leaning, negated), word);
    }

    private string Subject()
    {
        string subject = $"{random.Pick(Words.Determiners)} {random.Pick(Words.Aspects)}";
        return random.Chance(0.35) ? $"{subject} {random.Pick(Words.Places)}" : subject;
    }

    private string WithAdjective(string word, bool negated)
    {
        string copula = random.Pick(Words.Copulas);
        if (negated)
        {
            return random.NextIndex(4) switch
            {
                0 => $"was not {random.Pick(Words.Intensifiers)} {word}",
                1 => $"never {copula} {word}",
                2 => $"{copula} far from {word}",
                _ => $"{copula} anything but {word}",
            };
        }

        return random.Chance(0.6) ? $"{copula} {random.Pick(Words.Intensifiers)} {word}" : $"{copula} {word}";
    }

    private string WithNoun(string word, bool negated)
    {
        string adjective = random.Chance(0.6) ? random.Pick(Words.NeutralAdjectives) + " " : "";
        return negated
            ? $"{random.Pick(["was no", "was not a", "never became a", "was hardly a", "proved no"])} {adjective}{word}"
            : $"{random.Pick(Words.NounCopulas)} a {adjective}{word}";
    }

    private string Context() => random.NextIndex(5) switch
    {
        0 => $"on a {random.Pick(Words.Weather)} {random.Pick(Words.Days)}",
        1 => $"after {random.Pick(Words.Numbers)} minutes",
        2 => $"in {random.Pick(Words.Months)}",
        3 => $"at the {random.Pick(Words.Rooms)}",
        _ => $"for {random.Pick(Words.Numbers)} nights",
    };

    private string Watching() => $"{random.Pick(Words.Watchers)} {random.Pick(Words.Watched)}";

    private string Concession() => random.Pick(["although", "even though", "though", "while"]);

    private T PickWeighted<T>(IReadOnlyList<(T Item, double Probability)> items)
    {
        double left = random.NextUnit();
        foreach ((T item, double probability) in items)
        {
            left -= probability;
            if (left < 0)
            {
                return item;
            }
        }

        return items[^1].Item;
    }
}
