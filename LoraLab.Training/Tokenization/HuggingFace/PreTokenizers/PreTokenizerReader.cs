using LoraLab.Training.Tokenization.HuggingFace.Patterns;
using LoraLab.Training.Tokenization.HuggingFace.Unicode;

namespace LoraLab.Training.Tokenization.HuggingFace.PreTokenizers;

/// <summary>Reads the key <c>pre_tokenizer</c>.</summary>
internal static class PreTokenizerReader
{
    private const string Built =
        "pre-tokenizers: Split, ByteLevel, Digits, Metaspace, Whitespace, WhitespaceSplit, Punctuation, Sequence";

    /// <summary>Reads the divisions in order; a sequence in a sequence is part of it.</summary>
    /// <exception cref="FormatException">One is not built.</exception>
    public static IReadOnlyList<IPreTokenizer> Read(TokenizerPart part)
    {
        IReadOnlyList<IPreTokenizer> steps = part.Type == "Sequence"
            ? [.. part.Parts("pretokenizers").SelectMany(Read)]
            : [Single(part)];
        part.RequireNothingElse();
        return steps;
    }

    private static IPreTokenizer Single(TokenizerPart part)
    {
        switch (part.Type)
        {
            case "Split":
                return new PatternSplit(TextPatterns.Read(part), Behavior(part, part.Text("behavior")), part.Flag("invert"));
            case "ByteLevel":
                // About offsets only.
                part.Skip("trim_offsets");
                return new ByteLevelSplit(part.Flag("add_prefix_space"), part.OptionalFlag("use_regex") ?? true, mapsBytes: true);
            case "Digits":
                SplitBehavior digits = part.Flag("individual_digits") ? SplitBehavior.Isolated : SplitBehavior.Contiguous;
                return new PatternSplit(new SetPattern(UnicodeSets.Number), digits, invert: false);
            case "Punctuation":
                SplitBehavior behavior = Behavior(part, part.OptionalText("behavior") ?? nameof(SplitBehavior.Isolated));
                return new PatternSplit(new SetPattern(CharacterData.Instance.Punctuation), behavior, invert: false);
            case "Whitespace":
                return new PatternSplit(TextPatterns.Words(), SplitBehavior.Removed, invert: true);
            case "WhitespaceSplit":
                return new PatternSplit(new SetPattern(UnicodeSets.WhiteSpace), SplitBehavior.Removed, invert: false);
            case "Metaspace":
                return Metaspace(part);
            default:
                throw part.NotBuilt(Built);
        }
    }

    private static MetaspaceSplit Metaspace(TokenizerPart part)
    {
        string replacement = part.Text("replacement");
        if (replacement.Length == 0 || CodePoint.At(replacement, 0).Length != replacement.Length)
        {
            throw part.Wrong("replacement", "must be one character");
        }

        // Files before tokenizers 0.15 have add_prefix_space instead of prepend_scheme.
        bool? prefix = part.OptionalFlag("add_prefix_space");
        PrependScheme scheme = part.OptionalText("prepend_scheme") switch
        {
            "always" => PrependScheme.Always,
            "first" => PrependScheme.First,
            "never" => PrependScheme.Never,
            null => prefix == false ? PrependScheme.Never : PrependScheme.Always,
            _ => throw part.Wrong("prepend_scheme", "must be always, first or never"),
        };
        if (prefix == false && scheme != PrependScheme.Never)
        {
            throw part.Wrong("add_prefix_space", "contradicts prepend_scheme; keep one of them");
        }

        part.Skip("str_rep");
        return new(replacement, scheme, part.OptionalFlag("split") ?? true);
    }

    private static SplitBehavior Behavior(TokenizerPart part, string name) => name switch
    {
        nameof(SplitBehavior.Removed) => SplitBehavior.Removed,
        nameof(SplitBehavior.Isolated) => SplitBehavior.Isolated,
        nameof(SplitBehavior.MergedWithPrevious) => SplitBehavior.MergedWithPrevious,
        nameof(SplitBehavior.MergedWithNext) => SplitBehavior.MergedWithNext,
        nameof(SplitBehavior.Contiguous) => SplitBehavior.Contiguous,
        _ => throw part.Wrong("behavior", $"must be one of {string.Join(", ", Enum.GetNames<SplitBehavior>())}"),
    };
}
