using System.Text.RegularExpressions;

namespace LoraLab.Contracts.Runs;

/// <summary>
/// A run's adapter by name: the id of the run or an alias, and which of its adapters, for example <c>champion@best</c>.
/// </summary>
/// <param name="Name">Id of a run, or an alias.</param>
/// <param name="Which">Which of the run's adapters; the last if the text does not say.</param>
public sealed partial record AdapterReference(string Name, AdapterChoice Which)
{
    /// <summary>Longest alias, in characters.</summary>
    public const int AliasLength = 64;

    /// <summary>What an alias looks like: never like the id of a run, and without what separates it from a choice.</summary>
    public const string AliasPattern = "^[a-z][a-z0-9]*([._-][a-z0-9]+)*$";

    /// <summary>File in the data directory with the aliases of the server, by alias, for commands without a server.</summary>
    public const string AliasFile = "aliases.json";

    private const char Separator = '@';

    /// <summary>The reference as it is written: the choice only where it is not the last adapter.</summary>
    public string Text => Which == AdapterChoice.Last ? Name : $"{Name}{Separator}best";

    /// <summary>Reads a reference; a text without a choice at its end is a name as a whole.</summary>
    public static AdapterReference Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int at = text.LastIndexOf(Separator);
        return at < 0 ? new(text, AdapterChoice.Last) : text[(at + 1)..] switch
        {
            "best" => new(text[..at], AdapterChoice.Best),
            "last" => new(text[..at], AdapterChoice.Last),
            _ => new(text, AdapterChoice.Last),
        };
    }

    /// <summary>Returns what is wrong with an alias, in one sentence; null: nothing.</summary>
    public static string? WhyNotAlias(string alias)
    {
        ArgumentNullException.ThrowIfNull(alias);
        return alias.Length is > 0 and <= AliasLength && Alias().IsMatch(alias) ? null
            : $"'{(alias.Length <= AliasLength ? alias : alias[..AliasLength] + "…")}' cannot be an alias: use at most {AliasLength} "
                + "lowercase letters and digits, beginning with a letter, with single dots, hyphens or underscores between them.";
    }

    [GeneratedRegex(AliasPattern)]
    private static partial Regex Alias();
}
