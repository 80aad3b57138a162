using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace LoraLab.Contracts;

/// <summary>The secret of an API key. Only its hash is configured; the secret itself is never stored.</summary>
public static class KeySecret
{
    /// <summary>Makes keys recognizable, for people and for secret scanners.</summary>
    public const string Prefix = "loralab_";

    private const int SecretBytes = 32;

    /// <summary>A new secret: 256 random bits, so that brute force is infeasible and its hash needs no salt.</summary>
    public static string New() => Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes));

    /// <summary>SHA-256 of a secret.</summary>
    public static byte[] HashOf(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}
