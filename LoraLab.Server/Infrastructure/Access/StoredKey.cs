namespace LoraLab.Server.Infrastructure.Access;

/// <summary>A key that was made in the dashboard or over the API. Its secret is stored nowhere.</summary>
internal sealed record StoredKey
{
    /// <summary>Unique among all keys.</summary>
    public required string Name { get; init; }

    /// <summary>The scopes that it was made with, without those that they include.</summary>
    public required IReadOnlyList<string> Scopes { get; init; }

    /// <summary>SHA-256 of the secret, hexadecimal.</summary>
    public required string Sha256 { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Name of the key that made it; of every client where none is required.</summary>
    public string? CreatedBy { get; init; }

    /// <summary>When it was last used, to the minute; null: never.</summary>
    public DateTimeOffset? LastUsedAt { get; init; }
}
