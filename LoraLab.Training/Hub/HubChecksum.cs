using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace LoraLab.Training.Hub;

/// <summary>The checksums in the hub's listings: SHA-256 for large files, Git object ids for small ones.</summary>
internal static class HubChecksum
{
    /// <summary>Hashes a whole stream with the algorithm of <paramref name="expected"/>; null if it has no checksum.</summary>
    public static async Task<string?> OfAsync(Stream content, HubFile expected, CancellationToken cancellationToken)
    {
        if (!expected.HasChecksum)
        {
            return null;
        }

        using IncrementalHash hash =
            IncrementalHash.CreateHash(expected.Sha256 is not null ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA1);
        if (expected.Sha256 is null)
        {
            hash.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {content.Length}\0")));
        }

        content.Seek(0, SeekOrigin.Begin);
        byte[] buffer = new byte[1 << 20];
        int read;
        while ((read = await content.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
        {
            hash.AppendData(buffer, 0, read);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Whether a hash is the expected one; true if there is none to compare.</summary>
    public static bool Matches(string? hash, HubFile expected) =>
        hash is null || string.Equals(hash, expected.Sha256 ?? expected.GitSha1, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether the file on disk has the expected size and checksum, as far as they are known.</summary>
    public static async Task<bool> IsAsync(string path, HubFile expected, CancellationToken cancellationToken)
    {
        FileInfo file = new(path);
        if (!file.Exists || (expected.Size is long size && file.Length != size))
        {
            return false;
        }

        await using FileStream stream = file.OpenRead();
        return Matches(await OfAsync(stream, expected, cancellationToken).ConfigureAwait(false), expected);
    }
}
