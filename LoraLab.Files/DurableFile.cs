using System.Text;

namespace LoraLab.Files;

/// <summary>Atomic, durable file writes: a file is either complete or unchanged.</summary>
public static class DurableFile
{
    private static readonly UTF8Encoding _utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>Writes to a temporary file next to the target, flushes it to disk and renames it.</summary>
    /// <param name="path">Target path; its folder must exist.</param>
    /// <param name="text">Content, written as UTF-8 without a byte order mark.</param>
    /// <exception cref="IOException">The write failed: the target is unchanged, and no temporary file is left behind.</exception>
    public static void WriteAllText(string path, string text) => Write(path, stream => stream.Write(_utf8.GetBytes(text)));

    /// <summary>Writes lines in the same way, without holding all of them in memory; each ends with a line feed.</summary>
    /// <param name="path">Target path; its folder must exist.</param>
    /// <param name="lines">Lines, read once.</param>
    /// <exception cref="IOException">The write failed: the target is unchanged, and no temporary file is left behind.</exception>
    public static void WriteLines(string path, IEnumerable<string> lines) => Write(path, stream =>
    {
        using StreamWriter writer = new(stream, _utf8, bufferSize: 1 << 16, leaveOpen: true) { NewLine = "\n" };
        foreach (string line in lines)
        {
            writer.WriteLine(line);
        }
    });

    /// <summary>Copies a file in the same way.</summary>
    /// <param name="source">Source path; other processes may have it open for writing.</param>
    /// <param name="path">Target path; its folder must exist.</param>
    /// <exception cref="IOException">The write failed: the target is unchanged, and no temporary file is left behind.</exception>
    public static void Copy(string source, string path) => Write(path, stream =>
    {
        using FileStream from = new(source, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        from.CopyTo(stream);
    });

    /// <summary>Flushes a file that was written before, by any handle, to disk.</summary>
    /// <exception cref="IOException">That failed: what was written may be lost.</exception>
    public static void FlushToDisk(string path)
    {
        using FileStream stream = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
        stream.Flush(flushToDisk: true);
    }

    /// <summary>Writes a file in the same way.</summary>
    /// <param name="path">Target path; its folder must exist.</param>
    /// <param name="content">Writes the content.</param>
    /// <exception cref="IOException">The write failed: the target is unchanged, and no temporary file is left behind.</exception>
    public static void Write(string path, Action<FileStream> content)
    {
        ArgumentNullException.ThrowIfNull(content);
        string temporary = TemporaryName.Beside(path);
        using FileStream stream = new(temporary, TemporaryName.Mode, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            using (stream)
            {
                content(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            // On a full disk, the partial file would take up the remaining space.
            File.Delete(temporary);
            throw;
        }
    }
}
