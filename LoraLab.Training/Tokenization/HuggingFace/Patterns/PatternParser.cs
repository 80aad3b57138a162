using LoraLab.Training.Tokenization.HuggingFace.Unicode;

namespace LoraLab.Training.Tokenization.HuggingFace.Patterns;

/// <summary>
/// Parses a regular expression in Oniguruma's syntax for Ruby, which Hugging Face's tokenizers uses (crate onig, its default syntax). What
/// is not supported, such as references to groups, is refused.
/// </summary>
internal sealed class PatternParser
{
    private const int MaxDepth = 64;
    private const int MaxRepeats = 1000;

    /// <summary>Pairs of letters that also match one character when case is ignored (ligatures and the sharp s, CaseFolding.txt).</summary>
    private static readonly string[] _foldedPairs = ["ss", "ff", "fi", "fl", "st"];

    private readonly PatternReader _reader;
    private readonly ClassParser _classes;
    private bool _ignoreCase;
    private bool _dotAll;
    private int _depth;

    private PatternParser(string pattern)
    {
        _reader = new(pattern);
        _classes = new(_reader);
    }

    /// <summary>Parses a pattern.</summary>
    /// <exception cref="FormatException">It is wrong or not supported; the message is the predicate of a sentence.</exception>
    public static PatternNode Parse(string pattern)
    {
        PatternParser parser = new(pattern);
        PatternNode whole = parser.Alternatives();
        return parser._reader.AtEnd ? whole : throw parser._reader.Refuse("closes a group that is not open");
    }

    private PatternNode Alternatives()
    {
        if (++_depth > MaxDepth)
        {
            throw _reader.Refuse("nests groups too deeply");
        }

        (bool ignoreCase, bool dotAll) = (_ignoreCase, _dotAll);
        List<PatternNode> alternatives = [];
        do
        {
            alternatives.Add(Sequence());
        }
        while (_reader.Take("|"));
        (_ignoreCase, _dotAll, _depth) = (ignoreCase, dotAll, _depth - 1);
        return alternatives is [PatternNode only] ? only : new PatternNode.Alternatives(alternatives);
    }

    private PatternNode.Sequence Sequence()
    {
        List<PatternNode> items = [];
        int letter = 0;
        while (!_reader.AtEnd && !_reader.Sees("|") && !_reader.Sees(")"))
        {
            // Options without a group, (?i), hold up to the end of the group, alternatives included.
            if (Options())
            {
                items.Add(Alternatives());
                break;
            }

            int before = letter;
            (PatternNode item, letter) = Item();
            if (_ignoreCase && before > 0 && letter > 0)
            {
                RequireNoLigature(before, letter);
            }

            PatternNode repeated = Repeats(item);
            letter = repeated == item ? letter : 0;
            items.Add(repeated);
        }

        return new(items);
    }

    private void RequireNoLigature(int before, int letter)
    {
        string pair = string.Concat((char)(before | 0x20), (char)(letter | 0x20));
        if (_foldedPairs.Contains(pair, StringComparer.Ordinal))
        {
            throw _reader.Refuse($"ignores the case of '{pair}', which one character can stand for; LoraLab does not support that");
        }
    }

    private bool Options()
    {
        foreach ((string text, bool ignoreCase, bool dotAll) in new[]
            { ("(?i)", true, _dotAll), ("(?-i)", false, _dotAll), ("(?m)", _ignoreCase, true), ("(?-m)", _ignoreCase, false) })
        {
            if (_reader.Take(text))
            {
                (_ignoreCase, _dotAll) = (ignoreCase, dotAll);
                return true;
            }
        }

        return false;
    }

    private (PatternNode Node, int Letter) Item()
    {
        if (_reader.Take("("))
        {
            return (Group(), 0);
        }

        if (_reader.Take("["))
        {
            return (new PatternNode.Class(_classes.Class(_ignoreCase)), 0);
        }

        if (_reader.Take("."))
        {
            return (new PatternNode.Class(_dotAll ? CodePointSet.All : CodePointSet.Of('\n').Complement()), 0);
        }

        if (_reader.Take("^"))
        {
            return (new PatternNode.Position(Anchor.LineStart), 0);
        }

        if (_reader.Take("$"))
        {
            return (new PatternNode.Position(Anchor.LineEnd), 0);
        }

        if (_reader.Sees("*") || _reader.Sees("+") || _reader.Sees("?"))
        {
            throw _reader.Refuse("repeats nothing");
        }

        if (!_reader.Take("\\"))
        {
            int literal = _reader.Next();
            return (new PatternNode.Class(_classes.InBothCases(literal, _ignoreCase)), literal);
        }

        foreach ((string letter, Anchor anchor) in new[]
            {
                ("A", Anchor.TextStart), ("z", Anchor.TextEnd), ("Z", Anchor.TextEndOrLastLine), ("b", Anchor.WordBoundary),
                ("B", Anchor.NoWordBoundary),
            })
        {
            if (_reader.Take(letter))
            {
                return (new PatternNode.Position(anchor), 0);
            }
        }

        _classes.Escape(out CodePointSet set, out int? single);
        if (single is int character)
        {
            return (new PatternNode.Class(_classes.InBothCases(character, _ignoreCase)), character);
        }

        // Named sets have both cases of every letter, except those that are about case.
        return _ignoreCase && set != UnicodeSets.WhiteSpace && set != UnicodeSets.Digit
            ? throw _reader.Refuse("ignores the case of a named class, which LoraLab does not support")
            : (new PatternNode.Class(set), 0);
    }

    private PatternNode Group()
    {
        Func<PatternNode, PatternNode> wrap = item => item;
        (bool ignoreCase, bool dotAll) = (_ignoreCase, _dotAll);
        if (_reader.Take("?"))
        {
            if (_reader.Take("="))
            {
                wrap = item => new PatternNode.Look(item, Behind: false, Negative: false);
            }
            else if (_reader.Take("!"))
            {
                wrap = item => new PatternNode.Look(item, Behind: false, Negative: true);
            }
            else if (_reader.Take("<="))
            {
                wrap = item => LookBehind(item, negative: false);
            }
            else if (_reader.Take("<!"))
            {
                wrap = item => LookBehind(item, negative: true);
            }
            else if (_reader.Take(">"))
            {
                wrap = item => new PatternNode.Atomic(item);
            }
            else if (_reader.Take("i:"))
            {
                _ignoreCase = true;
            }
            else if (_reader.Take("-i:"))
            {
                _ignoreCase = false;
            }
            else if (_reader.Take("m:"))
            {
                _dotAll = true;
            }
            else if (!_reader.Take(":"))
            {
                throw _reader.Refuse("has a kind of group that LoraLab does not support");
            }
        }

        PatternNode node = wrap(Alternatives());
        (_ignoreCase, _dotAll) = (ignoreCase, dotAll);
        return _reader.Take(")") ? node : throw _reader.Refuse("does not close a group");
    }

    private PatternNode LookBehind(PatternNode item, bool negative)
    {
        IReadOnlyList<PatternNode> alternatives = item is PatternNode.Alternatives several ? several.Items : [item];
        return alternatives.All(each => each.FixedLength is not null)
            ? new PatternNode.Look(item, Behind: true, negative)
            : throw _reader.Refuse("looks behind over a length that is not fixed, which LoraLab does not support");
    }

    private PatternNode Repeats(PatternNode item)
    {
        PatternNode repeated = item;
        while (Quantifier(out int min, out int? max, out bool braces))
        {
            if (item is PatternNode.Position or PatternNode.Look)
            {
                throw _reader.Refuse("repeats a condition, which LoraLab does not support");
            }

            // In Ruby's syntax a plus behind braces is another repetition.
            Greed greed = _reader.Take("?") ? Greed.Lazy : !braces && _reader.Take("+") ? Greed.Possessive : Greed.Greedy;
            if (braces && greed == Greed.Lazy && min == max)
            {
                throw _reader.Refuse("has {n}?, which LoraLab does not support");
            }

            repeated = repeated.CanBeEmpty && max != 1
                ? throw _reader.Refuse("repeats something that can be empty, which LoraLab does not support")
                : new PatternNode.Repeat(repeated, min, max, greed);
        }

        return repeated;
    }

    private bool Quantifier(out int min, out int? max, out bool braces)
    {
        (min, max, braces) = (0, null, false);
        if (_reader.Take("*"))
        {
            return true;
        }

        if (_reader.Take("+"))
        {
            min = 1;
            return true;
        }

        if (_reader.Take("?"))
        {
            max = 1;
            return true;
        }

        if (!_reader.Take("{"))
        {
            return false;
        }

        braces = true;
        int? low = _reader.Number(5, 10);
        bool comma = _reader.Take(",");
        int? high = comma ? _reader.Number(5, 10) : low;
        if (!_reader.Take("}") || (low is null && high is null) || low > high || Math.Max(low ?? 0, high ?? 0) > MaxRepeats)
        {
            throw _reader.Refuse("has braces that are no repetition that LoraLab supports");
        }

        (min, max) = (low ?? 0, high);
        return true;
    }
}
