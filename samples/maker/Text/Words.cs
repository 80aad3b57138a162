namespace LoraLab.SampleMaker.Text;

/// <summary>
/// All words of the generator. No two polar words share a stem, so that an unseen word cannot be inferred from its spelling.
/// </summary>
internal static class Words
{
    public static readonly string[] PositiveAdjectives =
        ["wonderful", "delightful", "charming", "brilliant", "gripping", "touching", "witty", "splendid", "superb", "clever",
            "graceful", "sublime",
         "lovely", "elegant", "dazzling", "tender", "vivid", "sunny", "assured", "stirring", "refreshing", "flawless", "radiant",
         "magnificent"];

    public static readonly string[] NegativeAdjectives =
        ["awful", "dreadful", "dull", "clumsy", "tedious", "plodding", "stale", "lifeless", "shallow", "muddled", "painful", "hollow",
         "lazy", "ugly", "tiresome", "dreary", "sloppy", "forgettable", "wooden", "bland", "cheap", "grating", "pointless", "miserable"];

    public static readonly string[] PositiveVerbs =
        [
            "thrilled", "pleased", "moved", "amused", "enchanted", "captivated", "uplifted", "cheered", "fascinated", "comforted",
            "entertained", "impressed",
        ];

    public static readonly string[] NegativeVerbs =
        [
            "bored", "annoyed", "irritated", "disappointed", "frustrated", "insulted", "exhausted", "repelled", "disgusted", "bothered",
            "confused", "offended",
        ];

    public static readonly string[] PositiveNouns =
        ["triumph", "treat", "gem", "marvel", "joy", "masterpiece", "treasure", "winner", "success", "blessing", "jewel", "miracle"];

    public static readonly string[] NegativeNouns =
        ["mess", "disaster", "failure", "chore", "disgrace", "letdown", "blunder", "nightmare", "flop", "fiasco", "dud", "wreck"];

    /// <summary>Ambiguous adjectives, more often positive.</summary>
    public static readonly string[] LeaningPositive = ["intense", "dark", "simple", "gentle", "strange"];

    /// <summary>Ambiguous adjectives, more often negative.</summary>
    public static readonly string[] LeaningNegative = ["loud", "slow", "odd", "long", "predictable"];

    public static readonly string[] Aspects =
        ["acting", "plot", "script", "music", "ending", "cast", "dialogue", "pacing", "editing", "story", "soundtrack", "humour",
         "opening", "finale", "direction", "hero", "villain", "chemistry", "lighting", "premise", "screenplay", "narration",
         "scenery", "romance",
         "mystery", "suspense", "atmosphere", "comedy", "drama", "dancing", "singing", "makeup", "subplot", "twist",
         "prologue", "epilogue"];

    public static readonly string[] Determiners = ["the", "its", "the whole", "this", "that", "the entire", "their", "its new"];

    public static readonly string[] Places =
        ["in the first half", "in the second act", "near the end", "at the start", "in the last hour", "of the pilot", "of the remake",
            "in part two",
         "in every scene", "on the big screen", "in the long version", "of this sequel", "halfway through", "in the new cut",
         "under the stars", "in the final third"];

    public static readonly string[] Copulas = ["was", "felt", "seemed", "looked", "remained", "stayed", "proved", "turned out", "became"];

    public static readonly string[] Intensifiers =
        [
            "really", "truly", "quite", "utterly", "remarkably", "deeply", "rather", "simply", "thoroughly", "consistently", "so", "very",
            "fairly", "surprisingly", "often", "always",
        ];

    public static readonly string[] NounCopulas = ["was", "became", "proved", "remained", "felt like", "turned into"];

    public static readonly string[] NeutralAdjectives =
        [
            "big", "small", "noisy", "proper", "complete", "total", "genuine", "real", "true", "public", "private", "minor", "major",
            "rare", "costly", "modern",
        ];

    public static readonly string[] Persons =
        ["me", "us", "my sister", "my brother", "my friends", "the critics", "the crowd", "the children", "our neighbours", "her parents",
            "everyone", "the audience",
         "my father", "my wife", "my husband", "his students", "the jury", "our guests", "most viewers", "the reporters"];

    public static readonly string[] Weather = ["rainy", "cold", "warm", "windy", "snowy", "foggy", "hot", "grey"];

    public static readonly string[] Days =
    [
        "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "morning", "evening", "afternoon",
    ];

    public static readonly string[] Months = ["january", "march", "april", "june", "july", "august", "october", "december"];

    public static readonly string[] Numbers = ["two", "three", "five", "ten", "twenty", "thirty", "forty", "ninety"];

    public static readonly string[] Watchers =
    [
        "i", "we", "they", "my sister", "my brother", "our neighbours", "the critics", "her parents", "my father", "his students",
    ];

    public static readonly string[] Watched =
    [
        "saw it", "watched it", "rented it", "streamed it", "caught it", "found it", "reviewed it", "finished it",
    ];

    public static readonly string[] Rooms = ["cinema", "theatre", "festival", "library", "airport", "hotel", "campus", "museum"];
}
