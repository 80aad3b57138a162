using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace LoraLab.Server.Security;

/// <summary>A configured key: its name, what it may do, and the sha256 of its secret. The secret itself is nowhere.</summary>
internal sealed record ApiKey(string Name, IReadOnlyList<string> Scopes, byte[] Hash)
{
    /// <summary>Tells a key apart from other strings, for people and for scanners of leaked secrets.</summary>
    public const string Prefix = "loralab_";

    private const int SecretBytes = 32;

    public string Sha256 => Convert.ToHexStringLower(Hash);

    /// <summary>A new secret: 256 random bits, so that nobody finds it by trying and its hash needs no salt.</summary>
    public static string NewSecret() =>
        Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes));

    public static byte[] HashOf(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}
