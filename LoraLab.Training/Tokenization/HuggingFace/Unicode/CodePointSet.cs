using System.Runtime.CompilerServices;

namespace LoraLab.Training.Tokenization.HuggingFace.Unicode;

/// <summary>A set of Unicode code points, immutable. Membership below U+10000 is one bit of a map.</summary>
internal sealed class CodePointSet
{
    /// <summary>The last code point.</summary>
    public const int Last = 0x10FFFF;

    private const int AstralStart = 0x10000;

    private readonly (int From, int To)[] _ranges;
    private readonly ulong[] _map = new ulong[AstralStart / 64];
    private readonly int _firstAstral;

    /// <summary>The set of some ranges, both ends included, in any order.</summary>
    public CodePointSet(IEnumerable<(int From, int To)> ranges)
    {
        _ranges = Ordered(ranges);
        foreach ((int from, int to) in _ranges)
        {
            for (int c = from; c <= Math.Min(to, AstralStart - 1); c++)
            {
                _map[c >> 6] |= 1UL << (c & 63);
            }
        }

        int first = Array.FindIndex(_ranges, range => range.To >= AstralStart);
        _firstAstral = first < 0 ? _ranges.Length : first;
    }

    /// <summary>All code points.</summary>
    public static CodePointSet All { get; } = new([(0, Last)]);

    /// <summary>No code point.</summary>
    public static CodePointSet None { get; } = new([]);

    /// <summary>The ranges in order; they neither overlap nor touch.</summary>
    public IReadOnlyList<(int From, int To)> Ranges => _ranges;

    /// <summary>The set of one code point.</summary>
    public static CodePointSet Of(int codePoint) => new([(codePoint, codePoint)]);

    /// <summary>The code points for which a condition holds.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static CodePointSet Where(Func<int, bool> holds)
    {
        List<(int From, int To)> ranges = [];
        int from = -1;
        for (int c = 0; c <= Last + 1; c++)
        {
            bool inside = c <= Last && holds(c);
            if (inside && from < 0)
            {
                from = c;
            }
            else if (!inside && from >= 0)
            {
                ranges.Add((from, c - 1));
                from = -1;
            }
        }

        return new(ranges);
    }

    /// <summary>Whether a code point is in the set.</summary>
    public bool Contains(int codePoint) => codePoint < AstralStart
        ? (_map[codePoint >> 6] & (1UL << (codePoint & 63))) != 0
        : ContainsAstral(codePoint);

    /// <summary>The code points of either set.</summary>
    public CodePointSet Union(CodePointSet other) => new([.. _ranges, .. other._ranges]);

    /// <summary>The code points of both sets.</summary>
    public CodePointSet Intersect(CodePointSet other) => Complement().Union(other.Complement()).Complement();

    /// <summary>The code points that are not in the set.</summary>
    public CodePointSet Complement()
    {
        List<(int From, int To)> gaps = [];
        int next = 0;
        foreach ((int from, int to) in _ranges)
        {
            if (from > next)
            {
                gaps.Add((next, from - 1));
            }

            next = to + 1;
        }

        if (next <= Last)
        {
            gaps.Add((next, Last));
        }

        return new(gaps);
    }

    private static (int From, int To)[] Ordered(IEnumerable<(int From, int To)> ranges)
    {
        List<(int From, int To)> merged = [];
        foreach ((int from, int to) in ranges.OrderBy(range => range.From))
        {
            if (merged.Count > 0 && from <= merged[^1].To + 1)
            {
                merged[^1] = (merged[^1].From, Math.Max(merged[^1].To, to));
            }
            else
            {
                merged.Add((from, to));
            }
        }

        return [.. merged];
    }

    private bool ContainsAstral(int codePoint)
    {
        (int low, int high) = (_firstAstral, _ranges.Length - 1);
        while (low <= high)
        {
            int middle = (low + high) / 2;
            if (codePoint < _ranges[middle].From)
            {
                high = middle - 1;
            }
            else if (codePoint > _ranges[middle].To)
            {
                low = middle + 1;
            }
            else
            {
                return true;
            }
        }

        return false;
    }
}
