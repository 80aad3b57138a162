using System.Collections.Concurrent;
using System.Globalization;

namespace LoraLab.Training.Tokenization.HuggingFace.Unicode;

/// <summary>
/// Sets of code points by the names that regular expressions use: general categories (Unicode Standard, section 4.5), and the properties
/// that follow from them. .NET's own character classes are about UTF-16 units, so they do not know letters beyond U+FFFF.
/// </summary>
internal static class UnicodeSets
{
    private static readonly ConcurrentDictionary<string, CodePointSet?> _named = new(StringComparer.Ordinal);

    private static readonly Lazy<CodePointSet> _word = new(() => Category(category => category <= 9 || category == 18)
        .Union(new([(0x24B6, 0x24E9), (0x1F130, 0x1F149), (0x1F150, 0x1F169), (0x1F170, 0x1F189)])));

    private static readonly Lazy<CodePointSet> _wordWithJoiners = new(() => Word.Union(new([(0x200C, 0x200D)])));

    private static readonly Lazy<CodePointSet> _onigurumaWord =
        new(() => Word.Union(new([(0xB2, 0xB3), (0xB9, 0xB9), (0xBC, 0xBE)])));

    /// <summary>Short and long names of the general categories, in the order of <see cref="UnicodeCategory"/>.</summary>
    private static readonly (string Short, string Long)[] _categories =
    [
        ("lu", "uppercaseletter"), ("ll", "lowercaseletter"), ("lt", "titlecaseletter"), ("lm", "modifierletter"), ("lo", "otherletter"),
        ("mn", "nonspacingmark"), ("mc", "spacingmark"), ("me", "enclosingmark"), ("nd", "decimalnumber"), ("nl", "letternumber"),
        ("no", "othernumber"), ("zs", "spaceseparator"), ("zl", "lineseparator"), ("zp", "paragraphseparator"), ("cc", "control"),
        ("cf", "format"), ("cs", "surrogate"), ("co", "privateuse"), ("pc", "connectorpunctuation"), ("pd", "dashpunctuation"),
        ("ps", "openpunctuation"), ("pe", "closepunctuation"), ("pi", "initialpunctuation"), ("pf", "finalpunctuation"),
        ("po", "otherpunctuation"), ("sm", "mathsymbol"), ("sc", "currencysymbol"), ("sk", "modifiersymbol"), ("so", "othersymbol"),
        ("cn", "unassigned"),
    ];

    private static readonly (string Long, string Short)[] _groups =
    [
        ("letter", "l"), ("mark", "m"), ("combiningmark", "m"), ("number", "n"), ("separator", "z"), ("other", "c"), ("punctuation", "p"),
        ("symbol", "s"),
    ];

    /// <summary>White space (property White_Space): <c>\s</c>.</summary>
    public static CodePointSet WhiteSpace { get; } = new(
    [
        (0x9, 0xD), (0x20, 0x20), (0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F),
        (0x205F, 0x205F), (0x3000, 0x3000),
    ]);

    /// <summary>Decimal digits: <c>\d</c>.</summary>
    public static CodePointSet Digit => Named("nd")!;

    /// <summary>Numbers of every kind.</summary>
    public static CodePointSet Number => Named("n")!;

    /// <summary>
    /// Characters of words (Unicode Technical Standard 18, annex C): letters, marks, digits, connectors, and the letters in circles and
    /// squares that Other_Alphabetic has beyond these (PropList.txt).
    /// </summary>
    public static CodePointSet Word => _word.Value;

    /// <summary><see cref="Word"/> and the joiners, which Rust's regular expressions count.</summary>
    public static CodePointSet WordWithJoiners => _wordWithJoiners.Value;

    /// <summary>
    /// <see cref="Word"/> and the numbers of Latin-1, which Oniguruma counts where <c>\w</c> and <c>\b</c> are in no class.
    /// </summary>
    public static CodePointSet OnigurumaWord => _onigurumaWord.Value;

    /// <summary>The set of a name, whatever its case, spaces, hyphens and underscores; null: unknown.</summary>
    public static CodePointSet? Named(string name) => _named.GetOrAdd(
        string.Concat(name.Where(c => c is not (' ' or '_' or '-'))).ToLowerInvariant(), Find);

    private static CodePointSet? Find(string name)
    {
        int exact = Array.FindIndex(_categories, category => category.Short == name || category.Long == name);
        if (exact >= 0)
        {
            return Category(category => category == exact);
        }

        string group = Array.Find(_groups, entry => entry.Long == name).Short ?? name;
        return group switch
        {
            "lc" or "l&" or "casedletter" => Category(category => category is 0 or 1 or 2),
            "l" or "m" or "n" or "z" or "p" or "s" or "c" => Category(category => _categories[category].Short[0] == group[0]),
            "any" => CodePointSet.All,
            "ascii" => new([(0, 0x7F)]),
            "space" or "whitespace" => WhiteSpace,
            "digit" => Named("nd"),
            "xdigit" => new([('0', '9'), ('A', 'F'), ('a', 'f')]),
            "word" => Word,
            "han" => new(
            [
                (0x2E80, 0x2E99), (0x2E9B, 0x2EF3), (0x2F00, 0x2FD5), (0x3005, 0x3005), (0x3007, 0x3007), (0x3021, 0x3029),
                (0x3038, 0x303B), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFA6D), (0xFA70, 0xFAD9), (0x16FE2, 0x16FE3),
                (0x16FF0, 0x16FF1), (0x20000, 0x2A6DF), (0x2A700, 0x2B739), (0x2B740, 0x2B81D), (0x2B820, 0x2CEA1), (0x2CEB0, 0x2EBE0),
                (0x2EBF0, 0x2EE5D), (0x2F800, 0x2FA1D), (0x30000, 0x3134A), (0x31350, 0x323AF),
            ]),
            _ => null,
        };
    }

    private static CodePointSet Category(Func<int, bool> holds) =>
        CodePointSet.Where(c => holds((int)CharUnicodeInfo.GetUnicodeCategory(c)));
}
