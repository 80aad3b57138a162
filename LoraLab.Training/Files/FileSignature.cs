using System.Text;

namespace LoraLab.Training.Files;

/// <summary>Recognizes files that are not what their name says by their first bytes, and says what to do about them.</summary>
internal static class FileSignature
{
    /// <summary>Bytes of a file that are sufficient.</summary>
    public const int Length = 64;

    private const string DownloadAgain = "download the file again";

    private static readonly (byte[] Start, string Predicate)[] _known =
    [
        (Ascii("version https://git-lfs.github.com/spec"), "is a Git LFS pointer, not the file itself; run git lfs pull"),
        (Ascii("version https://hawser.github.com/spec"), "is a Git LFS pointer, not the file itself; run git lfs pull"),
        (Ascii("/annex/objects/"), "is a git-annex pointer, not the file itself; run git annex get"),
        (Ascii("GGUF"), "is a GGUF file, which LoraLab does not read; use the model's safetensors"),
        (Ascii("PK\u0003\u0004"), "is a zip archive or a PyTorch pickle, which LoraLab does not read; use safetensors, or unpack it"),
        ([0x80, 0x02], "is a Python pickle, which LoraLab does not read; use safetensors"),
        ([0x89, .. Ascii("HDF\r\n")], "is an HDF5 file, which LoraLab does not read; use the model's safetensors"),
        ([0x1F, 0x8B, 0x08], "is compressed with gzip; unpack it"),
        ([0x28, 0xB5, 0x2F, 0xFD], "is compressed with Zstandard; unpack it"),
        ([0xFD, .. Ascii("7zXZ")], "is compressed with xz; unpack it"),
        ([.. Ascii("7z"), 0xBC, 0xAF], "is a 7-Zip archive; unpack it"),
        (Ascii("Salted__"), "is encrypted (OpenSSL); decrypt it"),
        (Ascii("age-encryption.org/"), "is encrypted (age); decrypt it"),
        (Ascii("-----BEGIN PGP MESSAGE"), "is encrypted (PGP); decrypt it"),
        (Ascii("-----BEGIN AGE ENCRYPTED"), "is encrypted (age); decrypt it"),
        (Ascii("<!DOCTYPE"), "is a web page, not the file itself; " + DownloadAgain),
        (Ascii("<!doctype"), "is a web page, not the file itself; " + DownloadAgain),
        (Ascii("<html"), "is a web page, not the file itself; " + DownloadAgain),
        (Ascii("<?xml"), "is an XML document, such as the error of a file server; " + DownloadAgain),
        (Ascii("{\"error\""), "is the error message of a server, not the file itself; " + DownloadAgain),
    ];

    /// <summary>What a file is, with the remedy, as the predicate of a sentence; null: nothing that is known.</summary>
    public static string? Of(ReadOnlySpan<byte> start)
    {
        if (start.IsEmpty)
        {
            return "is empty; " + DownloadAgain;
        }

        foreach ((byte[] known, string predicate) in _known)
        {
            if (start.StartsWith(known))
            {
                return predicate;
            }
        }

        return start.Length >= 16 && !start[..Math.Min(Length, start.Length)].ContainsAnyExcept((byte)0)
            ? "begins with zeros, as an unfinished download does; " + DownloadAgain
            : null;
    }

    private static byte[] Ascii(string text) => Encoding.ASCII.GetBytes(text);
}
