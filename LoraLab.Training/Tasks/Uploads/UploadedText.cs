using LoraLab.Files;
using LoraLab.Training.Data;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Tasks.Uploads;

/// <summary>Checks the bytes of an uploaded file before anything else reads it.</summary>
internal static class UploadedText
{
    /// <summary>Longest line, bytes.</summary>
    public const int MaximumLine = 1 << 20;

    /// <summary>Returns the text of a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="displayName">Its name in messages.</param>
    /// <exception cref="RunFailure">It is empty, no UTF-8 text, or has a NUL or a line that is too long; field <c>file</c>.</exception>
    public static TextSource Read(string path, string displayName)
    {
        byte[] bytes = TextFile.Bytes(path, displayName);
        if (bytes.Length == 0)
        {
            throw Refused($"{displayName} is empty; upload a CSV, TSV or JSONL file with rows.");
        }

        if (JsonText.OtherEncoding(bytes) is null && TableSignature.Of(bytes) is null)
        {
            RequireLines(bytes, displayName);
        }

        try
        {
            return TextFile.Text(bytes, displayName);
        }
        catch (RunFailure problem)
        {
            throw Refused(problem.Message);
        }
    }

    /// <summary>An upload that cannot be used.</summary>
    public static RunFailure Refused(string message) => RunFailure.BadData(message, "file");

    private static void RequireLines(ReadOnlySpan<byte> bytes, string displayName)
    {
        byte separator = bytes.Contains((byte)'\n') ? (byte)'\n' : (byte)'\r';
        for (int line = 1; !bytes.IsEmpty; line++)
        {
            int end = bytes.IndexOf(separator);
            ReadOnlySpan<byte> text = end < 0 ? bytes : bytes[..end];
            if (text.Contains((byte)0))
            {
                throw Refused($"{displayName}, line {line} has a NUL byte; upload a text file in UTF-8.");
            }

            if (text.Length > MaximumLine)
            {
                throw Refused($"{displayName}, line {line} has more than 1 MiB; split its text into several rows.");
            }

            bytes = end < 0 ? [] : bytes[(end + 1)..];
        }
    }
}
