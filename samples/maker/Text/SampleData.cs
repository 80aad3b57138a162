namespace LoraLab.SampleMaker.Text;

/// <summary>A sentence with the reviewer's label.</summary>
internal sealed record SampleSentence(ReviewSentence Sentence, Mood Label);

/// <summary>The labeled rows of the sample.</summary>
internal sealed class SampleData
{
    public const int EvaluationRows = 700;
    public const int TrainingRows = 8000;

    private SampleData(IReadOnlyList<SampleSentence> training, IReadOnlyList<SampleSentence> evaluation) =>
        (Training, Evaluation) = (training, evaluation);

    public IReadOnlyList<SampleSentence> Training { get; }

    public IReadOnlyList<SampleSentence> Evaluation { get; }

    /// <summary>
    /// Generates the rows. Evaluation: balanced by label, with all polar words. Training: seen words only. No sentence occurs twice.
    /// </summary>
    public static SampleData Generate(ulong seed)
    {
        HashSet<string> taken = new(StringComparer.Ordinal);
        SeededRandom evaluationRandom = SeededRandom.For(seed, "evaluation");
        List<SampleSentence> evaluation = Draw(evaluationRandom, PolarLexicon.Full, EvaluationRows, taken);
        List<SampleSentence> training = Draw(SeededRandom.For(seed, "training"), PolarLexicon.Seen(seed), TrainingRows, taken);
        return new SampleData(training, evaluation);
    }

    /// <summary>Returns the rows in the GLUE layout: a header, then sentence, tab and label per line.</summary>
    public static string ToTsv(IReadOnlyList<SampleSentence> rows) =>
        "sentence\tlabel\n" + string.Concat(rows.Select(row => $"{row.Sentence.Text}\t{(int)row.Label}\n"));

    private static List<SampleSentence> Draw(SeededRandom random, PolarLexicon lexicon, int count, HashSet<string> taken)
    {
        SentenceGenerator generator = new(random, lexicon);
        List<SampleSentence> rows = [];
        while (rows.Count < count)
        {
            Mood label = (Mood)(rows.Count % 2);
            ReviewSentence sentence = generator.Next(label.Turned(random.Chance(SentenceModel.LabelNoise)));
            if (taken.Add(sentence.Text))
            {
                rows.Add(new SampleSentence(sentence, label));
            }
        }

        random.Shuffle(rows);
        return rows;
    }
}
