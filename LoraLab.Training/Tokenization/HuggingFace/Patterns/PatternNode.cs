using LoraLab.Training.Tokenization.HuggingFace.Unicode;

namespace LoraLab.Training.Tokenization.HuggingFace.Patterns;

/// <summary>How often a repetition is tried first.</summary>
internal enum Greed
{
    /// <summary>As often as possible.</summary>
    Greedy,

    /// <summary>As rarely as possible.</summary>
    Lazy,

    /// <summary>As often as possible, without giving anything back.</summary>
    Possessive,
}

/// <summary>A condition on a position.</summary>
internal enum Anchor
{
    /// <summary>Start of the text.</summary>
    TextStart,

    /// <summary>End of the text.</summary>
    TextEnd,

    /// <summary>End of the text, or a line feed that ends it.</summary>
    TextEndOrLastLine,

    /// <summary>Start of a line.</summary>
    LineStart,

    /// <summary>End of a line.</summary>
    LineEnd,

    /// <summary>Between a word character and something else.</summary>
    WordBoundary,

    /// <summary>Elsewhere.</summary>
    NoWordBoundary,
}

/// <summary>A parsed regular expression.</summary>
internal abstract record PatternNode
{
    /// <summary>Whether it can match the empty text.</summary>
    public bool CanBeEmpty => this switch
    {
        Class => false,
        Sequence sequence => sequence.Items.All(item => item.CanBeEmpty),
        Alternatives alternatives => alternatives.Items.Any(item => item.CanBeEmpty),
        Repeat repeat => repeat.Min == 0 || repeat.Item.CanBeEmpty,
        Atomic atomic => atomic.Item.CanBeEmpty,
        _ => true,
    };

    /// <summary>A superset of the code points with which a match that is not empty starts.</summary>
    public CodePointSet First => this switch
    {
        Class only => only.Set,
        Sequence sequence => sequence.Items.Take(1 + sequence.Items.TakeWhile(item => item.CanBeEmpty).Count())
            .Aggregate(CodePointSet.None, (set, item) => set.Union(item.First)),
        Alternatives alternatives => alternatives.Items.Aggregate(CodePointSet.None, (set, item) => set.Union(item.First)),
        Repeat repeat => repeat.Item.First,
        Atomic atomic => atomic.Item.First,
        _ => CodePointSet.None,
    };

    /// <summary>Code points of every match; null: it depends on the match.</summary>
    public int? FixedLength => this switch
    {
        Class => 1,
        Sequence sequence => sequence.Items.Aggregate((int?)0, (sum, item) => sum + item.FixedLength),
        Alternatives alternatives => alternatives.Items.Select(item => item.FixedLength).Distinct().ToArray() is [int length]
            ? length
            : null,
        Repeat repeat => repeat.Min == repeat.Max ? repeat.Min * repeat.Item.FixedLength : null,
        Atomic atomic => atomic.Item.FixedLength,
        _ => 0,
    };

    /// <summary>One code point of a set.</summary>
    internal sealed record Class(CodePointSet Set) : PatternNode;

    /// <summary>One after the other.</summary>
    internal sealed record Sequence(IReadOnlyList<PatternNode> Items) : PatternNode;

    /// <summary>The first that matches.</summary>
    internal sealed record Alternatives(IReadOnlyList<PatternNode> Items) : PatternNode;

    /// <summary>Several times; <see cref="Max"/> is null without a limit.</summary>
    internal sealed record Repeat(PatternNode Item, int Min, int? Max, Greed Greed) : PatternNode;

    /// <summary>Something follows, or precedes, or does not.</summary>
    internal sealed record Look(PatternNode Item, bool Behind, bool Negative) : PatternNode;

    /// <summary>What has matched is not given back.</summary>
    internal sealed record Atomic(PatternNode Item) : PatternNode;

    /// <summary>A condition on the position.</summary>
    internal sealed record Position(Anchor Anchor) : PatternNode;
}
