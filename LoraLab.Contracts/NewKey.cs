namespace LoraLab.Contracts;

/// <summary>An API key that was just made. The server keeps its hash alone: this is the only time that it is shown.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Scopes">Its scopes, with those that they include.</param>
/// <param name="CreatedAt">When it was made, UTC.</param>
/// <param name="Key">The key itself, for <c>Authorization: Bearer</c>.</param>
public sealed record NewKey(string Name, IReadOnlyList<string> Scopes, DateTimeOffset CreatedAt, string Key);
