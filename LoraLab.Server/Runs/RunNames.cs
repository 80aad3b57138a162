namespace LoraLab.Server.Runs;

/// <summary>Names of runs submitted without one; duplicates get a number.</summary>
internal static class RunNames
{
    public static string Unique(string name, Predicate<string> isTaken)
    {
        string candidate = name;
        for (int i = 2; isTaken(candidate); i++)
        {
            candidate = $"{name} #{i}";
        }

        return candidate;
    }
}
