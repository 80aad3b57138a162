using System.Text;

namespace LoraLab.Files;

/// <summary>Files that are there whole or not at all.</summary>
public static class DurableFile
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>Writes to a temporary file beside the target, flushes it to the disk and renames it.</summary>
    /// <param name="path">The target; its folder exists.</param>
    /// <param name="text">Its whole content, UTF-8 without a byte order mark.</param>
    /// <exception cref="IOException">The disk does not take it: the target is what it was, and no temporary file is left.</exception>
    public static void WriteAllText(string path, string text) => Write(path, stream => stream.Write(Utf8.GetBytes(text)));

    /// <summary>The same with the content of another file.</summary>
    /// <param name="source">The file that is copied; others may write to it.</param>
    /// <param name="path">The target; its folder exists.</param>
    /// <exception cref="IOException">The disk does not take it: the target is what it was, and no temporary file is left.</exception>
    public static void Copy(string source, string path) => Write(path, stream =>
    {
        using FileStream from = new(source, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        from.CopyTo(stream);
    });

    private static void Write(string path, Action<FileStream> content)
    {
        string temporary = path + ".tmp";
        try
        {
            using (FileStream stream = new(temporary, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
            {
                content(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            // On a full disk the half of it would take what is left.
            File.Delete(temporary);
            throw;
        }
    }
}
