namespace LoraLab.Training.Files.Catalog;

/// <summary>Error messages with did-you-mean suggestions.</summary>
public static class Suggestions
{
    /// <summary>Message for an unknown key.</summary>
    public static string UnknownKey(string field, string key, IReadOnlyCollection<string> known)
    {
        string hint = NearestName.Of(key, known) is string close
            ? $"did you mean '{close}'?"
            : known.Count == 0 ? "there are none." : $"known keys are {string.Join(", ", known)}.";
        return $"'{field}' is not a known key; {hint}";
    }

    /// <summary>Message for an unknown name.</summary>
    public static string UnknownName(string kind, string name, IReadOnlyCollection<string> known)
    {
        string hint = NearestName.Of(name, known) is string close ? $" Did you mean '{close}'?" : "";
        string list = known.Count == 0 ? "none is available" : $"available: {string.Join(", ", known)}";
        return $"{kind} '{name}' does not exist; {list}.{hint}";
    }
}
