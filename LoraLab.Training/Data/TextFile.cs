using System.Text;
using System.Text.Unicode;
using LoraLab.Files;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Data;

/// <summary>Reads a text file as strict UTF-8: an invalid byte is an error that names the line, not a replacement character.</summary>
internal static class TextFile
{
    private static readonly UTF8Encoding _utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads the bytes of a file.</summary>
    /// <param name="path">File.</param>
    /// <param name="displayName">Name of the file in messages.</param>
    public static byte[] Bytes(string path, string displayName)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (IOException problem)
        {
            throw RunFailure.BadData($"{displayName} cannot be read: {problem.Message}", "dataset", problem);
        }
        catch (UnauthorizedAccessException problem)
        {
            throw RunFailure.BadData($"{displayName} cannot be read: {problem.Message}", "dataset", problem);
        }
    }

    /// <summary>Returns the text of a file, without a byte-order mark.</summary>
    /// <param name="bytes">Its bytes.</param>
    /// <param name="displayName">Name of the file in messages.</param>
    /// <param name="isLatin1">Whether it is encoded in ISO 8859-1.</param>
    /// <exception cref="RunFailure">It is no text in this encoding; field <c>dataset</c>.</exception>
    public static TextSource Text(byte[] bytes, string displayName, bool isLatin1 = false)
    {
        ReadOnlyMemory<byte> text = bytes;
        if (JsonText.OtherEncoding(bytes) is string encoding)
        {
            throw RunFailure.BadData($"{displayName} is encoded as {encoding}; save it as UTF-8.", "dataset");
        }

        if (TableSignature.Of(bytes) is string other)
        {
            throw RunFailure.BadData($"{displayName} {other}.", "dataset");
        }

        if (isLatin1)
        {
            return new(text, Encoding.Latin1);
        }

        text = text.Span.StartsWith(Encoding.UTF8.Preamble) ? text[Encoding.UTF8.Preamble.Length..] : text;
        return Utf8.IsValid(text.Span)
            ? new(text, _utf8)
            : throw RunFailure.BadData(InvalidLines(text.Span, displayName).Message!, "dataset");
    }

    private static RowProblems InvalidLines(ReadOnlySpan<byte> text, string displayName)
    {
        RowProblems problems = new(displayName);
        for (int number = 1; !text.IsEmpty; number++)
        {
            int end = text.IndexOf((byte)'\n');
            if (!Utf8.IsValid(end < 0 ? text : text[..end]))
            {
                problems.Add(number, "the text is not valid UTF-8", "convert the file to UTF-8");
            }

            text = end < 0 ? [] : text[(end + 1)..];
        }

        return problems;
    }
}
