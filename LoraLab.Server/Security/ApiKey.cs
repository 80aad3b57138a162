namespace LoraLab.Server.Security;

/// <summary>A configured key: its name, its scopes, and the SHA-256 of its secret. The secret itself is never stored.</summary>
internal sealed record ApiKey(string Name, IReadOnlyList<string> Scopes, byte[] Hash)
{
    /// <summary>The error for a secret that belongs to no key.</summary>
    public const string Unknown = "This key is unknown to the server.";

    public string Sha256 => Convert.ToHexStringLower(Hash);
}
