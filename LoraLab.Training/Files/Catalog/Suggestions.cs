namespace LoraLab.Training.Files.Catalog;

/// <summary>Did-you-mean sentences.</summary>
public static class Suggestions
{
    /// <summary>Sentence for a key that does not exist.</summary>
    public static string UnknownKey(string field, string key, IReadOnlyCollection<string> known)
    {
        string hint = NearestName.Of(key, known) is string close
            ? $"did you mean '{close}'?"
            : known.Count == 0 ? "there are none." : $"known keys are {string.Join(", ", known)}.";
        return $"'{field}' is not a known key; {hint}";
    }

    /// <summary>Sentence for a name that does not exist.</summary>
    public static string UnknownName(string what, string name, IReadOnlyCollection<string> known)
    {
        string hint = NearestName.Of(name, known) is string close ? $" Did you mean '{close}'?" : "";
        string list = known.Count == 0 ? "there is none" : $"there is {string.Join(", ", known)}";
        return $"{what} '{name}' does not exist: {list}.{hint}";
    }
}
