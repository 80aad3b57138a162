using System.Text;

namespace LoraLab.SampleMaker.Text;

/// <summary>A pre-training text: several sentences of one mood, some in the prompt's frame with a random label.</summary>
internal sealed record ReviewDocument(string Text, Mood Mood, IReadOnlyList<string> Sentences, IReadOnlyList<string> FrameLabels);

/// <summary>
/// The unlabeled pre-training corpus. Words of the same mood co-occur. The label words occur only in the prompt's frame, equally often
/// with either mood: the model learns the frame but not the task.
/// </summary>
internal sealed class ReviewCorpus
{
    /// <summary>Share of the documents in the prompt's frame.</summary>
    public const double Framed = 0.2;

    /// <summary>Number of leading documents that consist of keywords only: co-occurrence is learned before sentence structure.</summary>
    public const int KeywordDocuments = 12_000;

    private const double Short = 0.4;

    public static readonly string[] LabelWords = ["negative", "positive"];

    private readonly SeededRandom _random;
    private readonly SentenceGenerator _generator;
    private readonly HashSet<string> _held;
    private readonly Queue<string>[] _decks = [new(), new()];

    public ReviewCorpus(ulong seed, SampleData data)
    {
        _random = SeededRandom.For(seed, "pre-training");
        _generator = new SentenceGenerator(_random, PolarLexicon.Full);
        _held = [.. data.Evaluation.Select(row => row.Sentence.Text)];
    }

    /// <summary>Returns the corpus in order: keyword documents, then reviews.</summary>
    public IEnumerable<ReviewDocument> Documents(int count) =>
        Enumerable.Range(0, count).Select(index => Next(keywords: index < KeywordDocuments));

    /// <summary>Returns reviews only, for training the tokenizer.</summary>
    public IEnumerable<ReviewDocument> Reviews(int count) => Enumerable.Range(0, count).Select(_ => Next(keywords: false));

    private ReviewDocument Next(bool keywords)
    {
        Mood mood = (Mood)_random.NextIndex(2);
        bool framed = !keywords && _random.Chance(Framed);
        int length = 2 + _random.NextIndex(3);
        StringBuilder text = new();
        List<string> sentences = [];
        List<string> labels = [];
        for (int index = 0; index < length; index++)
        {
            string sentence = keywords ? _generator.Keywords(mood)
                : !framed && _random.Chance(Short) ? _generator.Notes(mood)
                : NextSentence(mood);
            sentences.Add(sentence);
            if (framed)
            {
                string label = NextLabel(mood);
                labels.Add(label);
                text.Append("Classify the sentiment of this sentence: ").Append(sentence).Append("\n\n.Sentiment: ").Append(label)
                    .Append('\n');
            }
            else
            {
                text.Append(index == 0 ? "" : " ").Append(sentence);
            }
        }

        return new ReviewDocument(text.ToString(), mood, sentences, labels);
    }

    private string NextSentence(Mood mood)
    {
        while (true)
        {
            string sentence = _generator.Next(mood).Text;
            if (!_held.Contains(sentence))
            {
                return sentence;
            }
        }
    }

    /// <summary>
    /// Draws a label from a shuffled deck per mood with equally many of both labels, so that labels are exactly independent of the mood.
    /// </summary>
    private string NextLabel(Mood mood)
    {
        Queue<string> deck = _decks[(int)mood];
        if (deck.Count == 0)
        {
            List<string> cards = [.. Enumerable.Repeat(LabelWords[0], 500), .. Enumerable.Repeat(LabelWords[1], 500)];
            _random.Shuffle(cards);
            cards.ForEach(deck.Enqueue);
        }

        return deck.Dequeue();
    }
}
