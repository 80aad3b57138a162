namespace LoraLab.Server.Runs;

/// <summary>Names of runs that were not given one: told apart by a number where they would be the same.</summary>
internal static class RunNames
{
    public static string Unique(string name, IEnumerable<string> taken)
    {
        HashSet<string> names = [.. taken];
        string candidate = name;
        for (int i = 2; names.Contains(candidate); i++)
        {
            candidate = $"{name} #{i}";
        }

        return candidate;
    }
}
