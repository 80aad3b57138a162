namespace LoraLab.Training.Specs;

/// <summary>Did-you-mean sentences.</summary>
public static class Suggestions
{
    /// <summary>The known word closest to a mistyped one, or null when none is close.</summary>
    public static string? Closest(string word, IReadOnlyCollection<string> known)
    {
        string? best = known.MinBy(candidate => Distance(word, candidate));
        return best is not null && Distance(word, best) <= Math.Max(2, word.Length / 3) ? best : null;
    }

    /// <summary>Sentence for a key that does not exist.</summary>
    public static string UnknownKey(string field, string key, IReadOnlyCollection<string> known)
    {
        string hint = Closest(key, known) is string close
            ? $"did you mean '{close}'?"
            : known.Count == 0 ? "there are none." : $"known keys are {string.Join(", ", known)}.";
        return $"'{field}' is not a known key; {hint}";
    }

    /// <summary>Sentence for a name that does not exist.</summary>
    public static string UnknownName(string what, string name, IReadOnlyCollection<string> known)
    {
        string hint = Closest(name, known) is string close ? $" Did you mean '{close}'?" : "";
        string list = known.Count == 0 ? "there is none" : $"there is {string.Join(", ", known)}";
        return $"{what} '{name}' does not exist: {list}.{hint}";
    }

    // Levenshtein distance, ignoring case.
    private static int Distance(string a, string b)
    {
        int[] previous = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int[] current = new int[b.Length + 1];
            current[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int change = char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]) ? 0 : 1;
                current[j] = Math.Min(Math.Min(current[j - 1], previous[j]) + 1, previous[j - 1] + change);
            }

            previous = current;
        }

        return previous[b.Length];
    }
}
