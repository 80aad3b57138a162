namespace LoraLab.Training.Files.Catalog;

/// <summary>Finds the name that was probably intended.</summary>
public static class NearestName
{
    /// <summary>The candidate with the fewest edits from <paramref name="name"/>, ignoring case, or null when none is close.</summary>
    public static string? Of(string name, IEnumerable<string> candidates)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(candidates);
        string? nearest = null;
        int fewest = int.MaxValue;
        foreach (string candidate in candidates)
        {
            // owner/name also matches by its name alone.
            int edits = Math.Min(Edits(name, candidate), Edits(name, candidate[(candidate.LastIndexOf('/') + 1)..]));
            if (edits < fewest)
            {
                (nearest, fewest) = (candidate, edits);
            }
        }

        return fewest <= Tolerance(name) ? nearest : null;
    }

    // Two swapped letters are two edits; in a very short name two edits make a different name.
    private static int Tolerance(string name) => name.Length < 4 ? 1 : Math.Max(2, name.Length / 3);

    /// <summary>Levenshtein distance, ignoring case.</summary>
    private static int Edits(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int above = row[j];
                int change = char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]) ? 0 : 1;
                row[j] = Math.Min(Math.Min(above, row[j - 1]) + 1, diagonal + change);
                diagonal = above;
            }
        }

        return row[b.Length];
    }
}
