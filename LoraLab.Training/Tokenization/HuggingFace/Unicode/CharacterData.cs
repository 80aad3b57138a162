using System.Globalization;
using System.Reflection;

namespace LoraLab.Training.Tokenization.HuggingFace.Unicode;

/// <summary>
/// Data of characters in the Unicode versions that Hugging Face's tokenizers has for them, whatever version the runtime has. (For
/// <see cref="Normalization"/> it has none, because LoraLab runs without a system's globalization library.)
/// </summary>
internal sealed class CharacterData
{
    private const NumberStyles Hex = NumberStyles.AllowHexSpecifier;

    private readonly Dictionary<int, (int[] Codes, bool IsCompatible)> _decompositions = [];
    private readonly Dictionary<(int First, int Second), int> _compositions = [];
    private readonly Dictionary<int, byte> _classes = [];

    private CharacterData()
    {
        List<(int From, int To)> marks = [];
        List<(int From, int To)> punctuation = [];
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("character-data.txt")!;
        using StreamReader reader = new(stream);
        while (reader.ReadLine() is string line)
        {
            int sign = line.AsSpan().IndexOfAny("=!~@#%");
            if (line.StartsWith("# ", StringComparison.Ordinal))
            {
                continue;
            }

            int dash = line.IndexOf('-', StringComparison.Ordinal);
            if (dash < 0)
            {
                AddDecomposition(int.Parse(line.AsSpan(0, sign), Hex, CultureInfo.InvariantCulture), line[sign], line.AsSpan(sign + 1));
                continue;
            }

            int from = int.Parse(line.AsSpan(0, dash), Hex, CultureInfo.InvariantCulture);
            int to = int.Parse(line.AsSpan(dash + 1, sign - dash - 1), Hex, CultureInfo.InvariantCulture);
            if (line[sign] != '@')
            {
                (line[sign] == '#' ? marks : punctuation).Add((from, to));
                continue;
            }

            for (int c = from; c <= to; c++)
            {
                _classes[c] = byte.Parse(line.AsSpan(sign + 1), CultureInfo.InvariantCulture);
            }
        }

        (Marks, Punctuation) = (new(marks), new(punctuation));
    }

    /// <summary>The data.</summary>
    public static CharacterData Instance { get; } = new();

    /// <summary>Marks.</summary>
    public CodePointSet Marks { get; }

    /// <summary>Punctuation, with the symbols of ASCII.</summary>
    public CodePointSet Punctuation { get; }

    /// <summary>The decomposition of a code point, by one level; null: it has none.</summary>
    public int[]? Decomposition(int codePoint, bool compatible) =>
        _decompositions.TryGetValue(codePoint, out (int[] Codes, bool IsCompatible) found) && (compatible || !found.IsCompatible)
            ? found.Codes
            : null;

    /// <summary>What two code points compose to; null: nothing.</summary>
    public int? Composition(int first, int second) => _compositions.TryGetValue((first, second), out int composed) ? composed : null;

    /// <summary>Canonical combining class.</summary>
    public int CombiningClass(int codePoint) => _classes.GetValueOrDefault(codePoint);

    private void AddDecomposition(int codePoint, char kind, ReadOnlySpan<char> mapping)
    {
        List<int> codes = [];
        foreach (Range part in mapping.Split(' '))
        {
            codes.Add(int.Parse(mapping[part], Hex, CultureInfo.InvariantCulture));
        }

        _decompositions.Add(codePoint, ([.. codes], kind == '~'));
        if (kind == '=')
        {
            _compositions.Add((codes[0], codes[1]), codePoint);
        }
    }
}
