namespace LoraLab.Server.Infrastructure.Access;

/// <summary>Permissions of a key. Each scope includes the ones before it.</summary>
internal static class Scopes
{
    /// <summary>See everything.</summary>
    public const string Read = "read";

    /// <summary>Start, stop and describe runs.</summary>
    public const string Submit = "submit";

    /// <summary>Delete data irrevocably, and pause the queue for everyone.</summary>
    public const string Admin = "admin";

    /// <summary>From the least to the most privileged.</summary>
    public static IReadOnlyList<string> All { get; } = [Read, Submit, Admin];

    /// <summary>The scopes with all that they include.</summary>
    public static IReadOnlyList<string> Expand(IEnumerable<string> granted)
    {
        int most = granted.Select(scope => ((List<string>)[.. All]).IndexOf(scope)).DefaultIfEmpty(-1).Max();
        return [.. All.Take(most + 1)];
    }
}
