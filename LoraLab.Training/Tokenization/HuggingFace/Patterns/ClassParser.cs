using LoraLab.Training.Tokenization.HuggingFace.Unicode;

namespace LoraLab.Training.Tokenization.HuggingFace.Patterns;

/// <summary>
/// The characters and character classes of a regular expression in Oniguruma's syntax (its document RE, sections 2 to 6), as Hugging Face's
/// tokenizers reads it.
/// </summary>
internal sealed class ClassParser(PatternReader reader)
{
    /// <summary>Reads what follows a backslash, if it is a set of characters or a single one.</summary>
    /// <param name="set">The set; a single character is a set too.</param>
    /// <param name="single">The single character; null: it is a set.</param>
    /// <param name="inClass">Whether it is in a class.</param>
    /// <exception cref="FormatException">It is something else.</exception>
    public void Escape(out CodePointSet set, out int? single, bool inClass = false)
    {
        single = null;
        int letter = reader.Next();
        switch (letter)
        {
            case 's':
                set = UnicodeSets.WhiteSpace;
                return;
            case 'S':
                set = UnicodeSets.WhiteSpace.Complement();
                return;
            case 'd':
                set = UnicodeSets.Digit;
                return;
            case 'D':
                set = UnicodeSets.Digit.Complement();
                return;
            case 'w':
                set = inClass ? UnicodeSets.Word : UnicodeSets.OnigurumaWord;
                return;
            case 'W':
                set = (inClass ? UnicodeSets.Word : UnicodeSets.OnigurumaWord).Complement();
                return;
            case 'h':
                set = UnicodeSets.Named("xdigit")!;
                return;
            case 'H':
                set = UnicodeSets.Named("xdigit")!.Complement();
                return;
            case 'p' or 'P':
                set = Property(letter == 'P');
                return;
            default:
                single = Single(letter);
                set = CodePointSet.Of(single.Value);
                return;
        }
    }

    /// <summary>Reads a class behind its opening bracket.</summary>
    /// <param name="ignoreCase">Whether upper and lower case are the same.</param>
    public CodePointSet Class(bool ignoreCase)
    {
        bool negated = reader.Take("^");
        CodePointSet set = CodePointSet.None;
        CodePointSet? whole = null;
        bool empty = true;
        while (!reader.Take("]") || empty)
        {
            if (empty && reader.Sees("]"))
            {
                throw reader.Refuse("has an empty class");
            }

            empty = false;
            if (reader.Take("&&"))
            {
                whole = whole?.Intersect(set) ?? set;
                set = CodePointSet.None;
            }
            else
            {
                set = set.Union(reader.Take("[:") ? Named() : reader.Take("[") ? Class(ignoreCase) : Range(ignoreCase));
            }
        }

        set = whole?.Intersect(set) ?? set;
        return negated ? set.Complement() : set;
    }

    /// <summary>A character, in both cases if case is ignored.</summary>
    /// <exception cref="FormatException">Ignoring its case is not supported.</exception>
    public CodePointSet InBothCases(int codePoint, bool ignoreCase) => ignoreCase
        ? InBothCases([(codePoint, codePoint)])
        : CodePointSet.Of(codePoint);

    // Simple case folding of ASCII (CaseFolding.txt): the long s folds to s and the Kelvin sign to k.
    private CodePointSet InBothCases(IReadOnlyList<(int From, int To)> ranges)
    {
        List<(int From, int To)> all = [.. ranges];
        foreach ((int from, int to) in ranges)
        {
            if (to > 0x7F)
            {
                throw reader.Refuse("ignores the case of characters beyond ASCII, which LoraLab does not support");
            }

            for (int c = from; c <= to; c++)
            {
                if (char.IsAsciiLetter((char)c))
                {
                    all.Add((c ^ 0x20, c ^ 0x20));
                }

                if (c is 's' or 'S' or 'k' or 'K')
                {
                    int other = (c | 0x20) == 's' ? 0x17F : 0x212A;
                    all.Add((other, other));
                }
            }
        }

        return new(all);
    }

    private CodePointSet Range(bool ignoreCase)
    {
        if (!Item(out CodePointSet set, out int? from))
        {
            return ignoreCase ? throw reader.Refuse("ignores the case of a named class, which LoraLab does not support") : set;
        }

        // A hyphen at the end of a class is a hyphen.
        if (!reader.Sees("-") || reader.Sees("-]") || !reader.Take("-"))
        {
            return InBothCases(from!.Value, ignoreCase);
        }

        if (!Item(out _, out int? to) || to < from)
        {
            throw reader.Refuse("has a range that is none");
        }

        return ignoreCase ? InBothCases([(from!.Value, to!.Value)]) : new([(from!.Value, to!.Value)]);
    }

    private bool Item(out CodePointSet set, out int? single)
    {
        if (reader.Take("\\"))
        {
            // In a class, \b is a backspace.
            if (reader.Take("b"))
            {
                (single, set) = ('\b', CodePointSet.Of('\b'));
            }
            else
            {
                Escape(out set, out single, inClass: true);
            }
        }
        else
        {
            single = reader.Next();
            set = CodePointSet.Of(single.Value);
        }

        return single is not null;
    }

    private CodePointSet Named()
    {
        bool negated = reader.Take("^");
        string name = reader.Until(':');
        if (!reader.Take("]") || name is not ("digit" or "space" or "word" or "xdigit")
            || UnicodeSets.Named(name) is not CodePointSet set)
        {
            throw reader.Refuse($"has the class [:{name}:], which LoraLab does not support");
        }

        return negated ? set.Complement() : set;
    }

    private CodePointSet Property(bool negated)
    {
        string name = reader.Take("{") ? reader.Until('}') : throw reader.Refuse("has \\p without a name in braces");
        if (name.StartsWith('^'))
        {
            (negated, name) = (!negated, name[1..]);
        }

        CodePointSet set = UnicodeSets.Named(name) ?? throw reader.Refuse($"has the property '{name}', which LoraLab does not support");
        return negated ? set.Complement() : set;
    }

    private int Single(int letter) => letter switch
    {
        't' => '\t',
        'n' => '\n',
        'r' => '\r',
        'f' => '\f',
        'v' => '\v',
        'a' => '\a',
        'e' => 0x1B,
        'x' when reader.Take("{") => Hex(8, closed: true),
        'x' => Hex(2, closed: false),
        'u' => Hex(4, closed: false),
        '0' => reader.Number(2, 8) ?? 0,
        _ when letter < 0x80 && !char.IsAsciiLetterOrDigit((char)letter) => letter,
        _ => throw reader.Refuse($"has the escape \\{char.ConvertFromUtf32(letter)}, which LoraLab does not support"),
    };

    private int Hex(int digits, bool closed) =>
        reader.Number(digits, 16) is int value and >= 0 and <= CodePointSet.Last and not (>= 0xD800 and <= 0xDFFF)
            && (!closed || reader.Take("}"))
            ? value
            : throw reader.Refuse("has a hexadecimal escape that is no character");
}
