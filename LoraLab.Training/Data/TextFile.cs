using System.Text;
using LoraLab.Files;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Data;

/// <summary>Reads a text file as strict UTF-8: an invalid byte is an error that names the line, not a replacement character.</summary>
internal static class TextFile
{
    private static readonly UTF8Encoding _strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

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

    /// <summary>Returns the whole text of a file, without a byte-order mark.</summary>
    /// <param name="bytes">Its bytes.</param>
    /// <param name="displayName">Name of the file in messages.</param>
    /// <param name="isLatin1">Whether it is encoded in ISO 8859-1.</param>
    public static string Decode(byte[] bytes, string displayName, bool isLatin1 = false)
    {
        ReadOnlySpan<byte> text = bytes;
        if (JsonText.OtherEncoding(text) is string encoding)
        {
            throw RunFailure.BadData($"{displayName} is encoded as {encoding}; save it as UTF-8.", "dataset");
        }

        if (TableSignature.Of(text) is string other)
        {
            throw RunFailure.BadData($"{displayName} {other}.", "dataset");
        }

        if (isLatin1)
        {
            return Encoding.Latin1.GetString(text);
        }

        if (text.StartsWith(Encoding.UTF8.Preamble))
        {
            text = text[Encoding.UTF8.Preamble.Length..];
        }

        try
        {
            return _strict.GetString(text);
        }
        catch (DecoderFallbackException)
        {
            throw RunFailure.BadData(InvalidLines(text, displayName).Message!, "dataset");
        }
    }

    /// <summary>
    /// Splits a text at LF or CRLF, or at CR where there is no LF, into lines numbered from 1; empty lines are skipped.
    /// </summary>
    public static IEnumerable<(int Number, string Line)> Lines(string text)
    {
        char separator = text.Contains('\n', StringComparison.Ordinal) ? '\n' : '\r';
        int number = 0;
        for (int start = 0; start < text.Length;)
        {
            int end = text.IndexOf(separator, start);
            int next = end < 0 ? text.Length : end + 1;
            end = end < 0 ? text.Length : end;
            if (end > start && text[end - 1] == '\r')
            {
                end--;
            }

            number++;
            if (end > start)
            {
                yield return (number, text[start..end]);
            }

            start = next;
        }
    }

    private static RowProblems InvalidLines(ReadOnlySpan<byte> text, string displayName)
    {
        RowProblems problems = new(displayName);
        for (int number = 1; !text.IsEmpty; number++)
        {
            int end = text.IndexOf((byte)'\n');
            if (!System.Text.Unicode.Utf8.IsValid(end < 0 ? text : text[..end]))
            {
                problems.Add(number, "the text is not valid UTF-8", "convert the file to UTF-8");
            }

            text = end < 0 ? [] : text[(end + 1)..];
        }

        return problems;
    }
}
