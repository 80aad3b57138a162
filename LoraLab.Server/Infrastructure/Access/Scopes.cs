namespace LoraLab.Server.Infrastructure.Access;

/// <summary>What a key may do. Each scope contains the ones before it.</summary>
internal static class Scopes
{
    /// <summary>See everything.</summary>
    public const string Read = "read";

    /// <summary>Start, stop and describe runs.</summary>
    public const string Submit = "submit";

    /// <summary>Delete what cannot be had again, and stop the queue for everybody.</summary>
    public const string Admin = "admin";

    /// <summary>From the least to the most.</summary>
    public static IReadOnlyList<string> All { get; } = [Read, Submit, Admin];

    /// <summary>The scopes with everything that they contain.</summary>
    public static IReadOnlyList<string> Expand(IEnumerable<string> granted)
    {
        int most = granted.Select(scope => ((List<string>)[.. All]).IndexOf(scope)).DefaultIfEmpty(-1).Max();
        return [.. All.Take(most + 1)];
    }
}
