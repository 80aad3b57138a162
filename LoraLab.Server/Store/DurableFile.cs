using System.Text;

namespace LoraLab.Server.Store;

/// <summary>Files that are there whole or not at all.</summary>
internal static class DurableFile
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>Writes to a temporary file beside the target, flushes it to the disk and renames it.</summary>
    public static void WriteAllText(string path, string text)
    {
        string temporary = path + ".tmp";
        using (FileStream stream = new(temporary, FileMode.Create, FileAccess.Write))
        {
            stream.Write(Utf8.GetBytes(text));
            stream.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
    }
}
