namespace LoraLab.Web.Components;

/// <summary>
/// Names of runs that stand together, where there is little room: without what all of them begin with, such as their study.
/// </summary>
public static class DistinctNames
{
    private const string Separator = ": ";

    /// <summary>The part of a name that the others do not have in front too.</summary>
    /// <param name="name">The name.</param>
    /// <param name="names">All names that stand together, this one among them.</param>
    public static string Of(string name, IReadOnlyCollection<string> names)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(names);
        int end = name.LastIndexOf(Separator, StringComparison.Ordinal);
        while (end > 0)
        {
            string begin = name[..(end + Separator.Length)];
            if (names.Count > 1 && names.All(other => other.Length > begin.Length && other.StartsWith(begin, StringComparison.Ordinal)))
            {
                return name[begin.Length..];
            }

            end = name.LastIndexOf(Separator, end - 1, StringComparison.Ordinal);
        }

        return name;
    }
}
