namespace LoraLab.Server.Runs;

/// <summary>Names of runs that were not given one: told apart by a number where they would be the same.</summary>
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
