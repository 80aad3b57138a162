using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace LoraLab.Server.Security;

/// <summary>A configured key: its name, its scopes, and the SHA-256 of its secret. The secret itself is never stored.</summary>
internal sealed record ApiKey(string Name, IReadOnlyList<string> Scopes, byte[] Hash)
{
    /// <summary>Makes keys recognizable, for people and for secret scanners.</summary>
    public const string Prefix = "loralab_";

    /// <summary>The error for a secret that belongs to no key.</summary>
    public const string Unknown = "This key is unknown to the server.";

    private const int SecretBytes = 32;

    public string Sha256 => Convert.ToHexStringLower(Hash);

    /// <summary>A new secret: 256 random bits, so that brute force is infeasible and its hash needs no salt.</summary>
    public static string NewSecret() =>
        Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes));

    public static byte[] HashOf(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}
