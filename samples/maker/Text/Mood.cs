namespace LoraLab.SampleMaker.Text;

/// <summary>Sentiment of a reviewer; the values are the dataset's labels.</summary>
internal enum Mood
{
    Negative = 0,
    Positive = 1,
}

/// <summary>Parts of speech that carry a mood.</summary>
internal enum PolarKind
{
    Adjective,
    Verb,
    Noun,
}

internal static class Moods
{
    public static Mood Opposite(this Mood mood) => mood == Mood.Positive ? Mood.Negative : Mood.Positive;

    public static Mood Turned(this Mood mood, bool turned) => turned ? mood.Opposite() : mood;
}
