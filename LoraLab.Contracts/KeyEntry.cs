namespace LoraLab.Contracts;

/// <summary>An API key.</summary>
/// <param name="Name">Its name, which logs show.</param>
/// <param name="Scopes">Its scopes, with those that they include.</param>
/// <param name="LastUsedAt">
/// When a request last used it, UTC; null: never, or for a configured key not since the server was started.
/// </param>
public sealed record KeyEntry(string Name, IReadOnlyList<string> Scopes, DateTimeOffset? LastUsedAt)
{
    /// <summary>Maximum length of a name.</summary>
    public const int LongestName = 64;

    /// <summary>Whether it is part of the configuration, where alone it can be removed.</summary>
    public bool Configured { get; init; }

    /// <summary>When it was made, UTC; null: it is configured.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>Name of the key that made it; null: it is configured.</summary>
    public string? CreatedBy { get; init; }
}
