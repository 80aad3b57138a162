using System.Text;

namespace LoraLab.Training.Tokenization.HuggingFace.Unicode;

/// <summary>The normalization forms of Unicode (Unicode Standard Annex 15; Hangul: Unicode Standard, section 3.12).</summary>
internal static class Normalization
{
    private const int SyllableBase = 0xAC00;
    private const int LeadBase = 0x1100;
    private const int VowelBase = 0x1161;
    private const int TrailBase = 0x11A7;
    private const int VowelCount = 21;
    private const int TrailCount = 28;
    private const int SyllableCount = 11172;

    /// <summary>Canonical decomposition.</summary>
    public static string Nfd(string text) => Normalize(text, compatible: false, compose: false);

    /// <summary>Canonical decomposition, then composition.</summary>
    public static string Nfc(string text) => Normalize(text, compatible: false, compose: true);

    /// <summary>Compatibility decomposition.</summary>
    public static string Nfkd(string text) => Normalize(text, compatible: true, compose: false);

    /// <summary>Compatibility decomposition, then composition.</summary>
    public static string Nfkc(string text) => Normalize(text, compatible: true, compose: true);

    private static string Normalize(string text, bool compatible, bool compose)
    {
        // Below U+0300 everything is composed and nothing combines; below U+0080 nothing decomposes.
        char stable = compose && !compatible ? '\u02FF' : '\u007F';
        if (!text.AsSpan().ContainsAnyExceptInRange('\0', stable))
        {
            return text;
        }

        List<(int Code, int Class)> codes = new(text.Length);
        for (int i = 0; i < text.Length;)
        {
            CodePoint point = CodePoint.At(text, i);
            Decompose(point.Value, compatible, codes);
            i += point.Length;
        }

        Order(codes);
        if (compose)
        {
            Compose(codes);
        }

        StringBuilder normalized = new(text.Length);
        foreach ((int code, _) in codes)
        {
            if (code > char.MaxValue)
            {
                normalized.Append(char.ConvertFromUtf32(code));
            }
            else
            {
                normalized.Append((char)code);
            }
        }

        return normalized.Equals(text) ? text : normalized.ToString();
    }

    private static void Decompose(int code, bool compatible, List<(int Code, int Class)> codes)
    {
        CharacterData data = CharacterData.Instance;
        if (code is >= SyllableBase and < SyllableBase + SyllableCount)
        {
            int index = code - SyllableBase;
            codes.Add((LeadBase + (index / (VowelCount * TrailCount)), 0));
            codes.Add((VowelBase + (index / TrailCount % VowelCount), 0));
            if (index % TrailCount > 0)
            {
                codes.Add((TrailBase + (index % TrailCount), 0));
            }
        }
        else if (code > 0x7F && data.Decomposition(code, compatible) is int[] parts)
        {
            foreach (int part in parts)
            {
                Decompose(part, compatible, codes);
            }
        }
        else
        {
            codes.Add((code, code > 0x7F ? data.CombiningClass(code) : 0));
        }
    }

    /// <summary>Sorts each run of marks by their classes; those of one class keep their order.</summary>
    private static void Order(List<(int Code, int Class)> codes)
    {
        for (int i = 1; i < codes.Count; i++)
        {
            (int Code, int Class) moved = codes[i];
            int to = i;
            while (moved.Class > 0 && to > 0 && codes[to - 1].Class > moved.Class)
            {
                codes[to] = codes[to - 1];
                to--;
            }

            codes[to] = moved;
        }
    }

    private static void Compose(List<(int Code, int Class)> codes)
    {
        int starter = -1;
        int kept = 0;
        int lastClass = -1;
        foreach ((int code, int combining) in codes.ToArray())
        {
            // A mark is blocked by one of the same or a higher class, or by a starter, between it and the starter.
            if (starter >= 0 && (lastClass < combining || kept == starter + 1) && Composed(codes[starter].Code, code) is int composed)
            {
                codes[starter] = (composed, 0);
                continue;
            }

            if (combining == 0)
            {
                starter = kept;
                lastClass = -1;
            }
            else
            {
                lastClass = combining;
            }

            codes[kept++] = (code, combining);
        }

        codes.RemoveRange(kept, codes.Count - kept);
    }

    private static int? Composed(int first, int second)
    {
        if (first is >= LeadBase and < LeadBase + 19 && second is >= VowelBase and < VowelBase + VowelCount)
        {
            return SyllableBase + ((((first - LeadBase) * VowelCount) + second - VowelBase) * TrailCount);
        }

        return first is >= SyllableBase and < SyllableBase + SyllableCount && (first - SyllableBase) % TrailCount == 0
            && second is > TrailBase and < TrailBase + TrailCount
            ? first + second - TrailBase
            : CharacterData.Instance.Composition(first, second);
    }
}
