namespace LoraLab.Contracts;

/// <summary>A configured API key.</summary>
/// <param name="Name">Its name, which logs show.</param>
/// <param name="Scopes">Its scopes, with those that they include.</param>
/// <param name="LastUsedAt">When a request last used it, UTC; null: not since the server was started.</param>
public sealed record KeyEntry(string Name, IReadOnlyList<string> Scopes, DateTimeOffset? LastUsedAt);
