using System.Text;
using System.Text.RegularExpressions;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Files;

/// <summary>Recognizes files that are not what their name says by their first bytes, and says what to do about them.</summary>
internal static partial class FileSignature
{
    /// <summary>Bytes of a file that are sufficient.</summary>
    public const int Length = 64;

    private const string DownloadAgain = "download the file again";
    private const string Page = "is a web page, not the file itself; " + DownloadAgain;
    private const string NotRead = ", which LoraLab does not read; use the model's safetensors";

    private static readonly (byte[] Start, string Predicate)[] _known =
    [
        (Ascii("/annex/objects/"), "is a git-annex pointer, not the file itself; run git annex get"),
        (Ascii("GGUF"), "is a GGUF file" + NotRead),
        (Ascii("lmgg"), "is a GGML file" + NotRead),
        (Ascii("tjgg"), "is a GGML file" + NotRead),
        (Ascii("PK\u0003\u0004"), "is a zip archive or a PyTorch pickle, which LoraLab does not read; use safetensors, or unpack it"),
        (Ascii("PK\u0005\u0006"), "is an empty zip archive; " + DownloadAgain),
        ([0x89, .. Ascii("HDF\r\n")], "is an HDF5 file" + NotRead),
        ([0x93, .. Ascii("NUMPY")], "is a NumPy file" + NotRead),
        ([0x1F, 0x8B, 0x08], "is compressed with gzip; unpack it"),
        ([0x28, 0xB5, 0x2F, 0xFD], "is compressed with Zstandard; unpack it"),
        ([0x04, 0x22, 0x4D, 0x18], "is compressed with LZ4; unpack it"),
        ([0xFD, .. Ascii("7zXZ")], "is compressed with xz; unpack it"),
        (Ascii("BZh"), "is compressed with bzip2; unpack it"),
        ([.. Ascii("7z"), 0xBC, 0xAF], "is a 7-Zip archive; unpack it"),
        ([.. Ascii("Rar!"), 0x1A], "is a RAR archive; unpack it"),
        (Ascii("Salted__"), "is encrypted (OpenSSL); decrypt it"),
        (Ascii("age-encryption.org/"), "is encrypted (age); decrypt it"),
        (Ascii("-----BEGIN PGP MESSAGE"), "is encrypted (PGP); decrypt it"),
        (Ascii("-----BEGIN AGE ENCRYPTED"), "is encrypted (age); decrypt it"),
    ];

    [GeneratedRegex(@"\Aversion https://\S*(git-lfs|hawser)\.github\.com/spec", RegexOptions.IgnoreCase)]
    private static partial Regex LfsPointer { get; }

    [GeneratedRegex(@"\A\s*<(!doctype\s+html|html|head|body|title|meta|script)\b", RegexOptions.IgnoreCase)]
    private static partial Regex WebPage { get; }

    [GeneratedRegex(@"\A\s*<(\?xml\b|!|[a-z][a-z0-9:]*[\s>/])", RegexOptions.IgnoreCase)]
    private static partial Regex Xml { get; }

    [GeneratedRegex("""\A\s*\{\s*"(errors?|detail|message|msg)"\s*:""", RegexOptions.IgnoreCase)]
    private static partial Regex ErrorMessage { get; }

    [GeneratedRegex(@"\A(?=.*\x20)[\x20-\x7E\r\n\t]{8,}\z", RegexOptions.Singleline)]
    private static partial Regex Printable { get; }

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

        if (start is [0x80, >= 2 and <= 5, ..])
        {
            return "is a Python pickle, which LoraLab does not read; use safetensors";
        }

        string text = Text(start);
        return LfsPointer.IsMatch(text) ? "is a Git LFS pointer, not the file itself; run git lfs pull"
            : WebPage.IsMatch(text) ? Page
            : Xml.IsMatch(text) ? "is an XML document, such as the error of a file server; " + DownloadAgain
            : ErrorMessage.IsMatch(text) ? "is the error message of a server, not the file itself; " + DownloadAgain
            : start.Length >= 16 && !start[..Math.Min(Length, start.Length)].ContainsAnyExcept((byte)0)
                ? "begins with zeros, as an unfinished download does; " + DownloadAgain
                : null;
    }

    /// <summary>As <see cref="Of"/> for a file that is binary: words are something else.</summary>
    public static string? OfBinary(ReadOnlySpan<byte> start) => Of(start)
        ?? (Printable.IsMatch(Text(start)) ? $"is a text that begins with '{Quoted(start)}', not the file itself; {DownloadAgain}" : null);

    /// <summary>As <see cref="Of"/> for a JSON file: what begins with a letter is another text, such as the message of a server.</summary>
    public static string? OfJson(ReadOnlySpan<byte> start)
    {
        string text = Text(start).TrimStart();
        bool isWord = text.Length > 0 && (char.IsAsciiLetter(text[0]) || text[0] is '#' or '.')
            && !Array.Exists(["true", "false", "null", "NaN", "Infinity"], word => text.StartsWith(word, StringComparison.Ordinal));
        return Of(start) ?? (isWord ? $"is a text that begins with '{Quoted(start)}', not JSON; {DownloadAgain}" : null);
    }

    private static string Quoted(ReadOnlySpan<byte> start)
    {
        const int Shown = 40;
        string text = Text(start).Trim();
        return Excerpt.Of(text[..Math.Min(Shown, text.Length)]);
    }

    private static string Text(ReadOnlySpan<byte> start)
    {
        ReadOnlySpan<byte> bytes = start.StartsWith(Encoding.UTF8.Preamble) ? start[Encoding.UTF8.Preamble.Length..] : start;
        return Encoding.Latin1.GetString(bytes[..Math.Min(Length, bytes.Length)]);
    }

    private static byte[] Ascii(string text) => Encoding.ASCII.GetBytes(text);
}
