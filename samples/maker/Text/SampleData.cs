namespace LoraLab.SampleMaker.Text;

/// <summary>A sentence with the label that the reviewer ticked.</summary>
internal sealed record LabelledSentence(ReviewSentence Sentence, Mood Label);

/// <summary>The sample's labelled rows.</summary>
internal sealed class SampleData
{
    public const int EvaluationRows = 700;
    public const int TrainingRows = 8000;

    private SampleData(IReadOnlyList<LabelledSentence> training, IReadOnlyList<LabelledSentence> evaluation) => (Training, Evaluation) = (training, evaluation);

    public IReadOnlyList<LabelledSentence> Training { get; }

    public IReadOnlyList<LabelledSentence> Evaluation { get; }

    /// <summary>
    /// Evaluation: balanced by label, every polar word allowed. Training: the seen words only. No sentence occurs twice.
    /// </summary>
    public static SampleData Generate(ulong seed)
    {
        HashSet<string> taken = new(StringComparer.Ordinal);
        SeededRandom evaluationRandom = SeededRandom.For(seed, "evaluation");
        List<LabelledSentence> evaluation = Draw(evaluationRandom, PolarLexicon.Full, EvaluationRows, taken);
        List<LabelledSentence> training = Draw(SeededRandom.For(seed, "training"), PolarLexicon.Seen(seed), TrainingRows, taken);
        return new SampleData(training, evaluation);
    }

    /// <summary>The GLUE layout: a header, then a sentence, a tab and its label.</summary>
    public static string ToTsv(IReadOnlyList<LabelledSentence> rows) =>
        "sentence\tlabel\n" + string.Concat(rows.Select(row => $"{row.Sentence.Text}\t{(int)row.Label}\n"));

    private static List<LabelledSentence> Draw(SeededRandom random, PolarLexicon lexicon, int count, HashSet<string> taken)
    {
        SentenceGenerator generator = new(random, lexicon);
        List<LabelledSentence> rows = [];
        while (rows.Count < count)
        {
            Mood label = (Mood)(rows.Count % 2);
            ReviewSentence sentence = generator.Next(label.Turned(random.Chance(SentenceModel.LabelNoise)));
            if (taken.Add(sentence.Text))
            {
                rows.Add(new LabelledSentence(sentence, label));
            }
        }

        random.Shuffle(rows);
        return rows;
    }
}
