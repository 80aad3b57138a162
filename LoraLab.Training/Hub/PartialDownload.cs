using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Hub;

/// <summary>
/// What has arrived of a file (<c>name.part</c>), with a note beside it (<c>name.part.source</c>) that says which content it is a part of
/// and with which entity tag the server gave it, so that a later process goes on only where that is safe.
/// </summary>
internal sealed class PartialDownload : IDisposable
{
    private readonly string _target;
    private readonly string _content;

    private PartialDownload(string target, string content, FileStream stream)
    {
        _target = target;
        _content = content;
        Stream = stream;
    }

    public FileStream Stream { get; }

    /// <summary>Entity tag of the content; null: unknown.</summary>
    public string? Tag { get; private set; }

    private string Note => _target + ".part.source";

    /// <summary>Opens the part of a file, empty when there is none of the same content.</summary>
    public static PartialDownload Open(string target, HubFile file)
    {
        FileStream stream;
        try
        {
            stream = new FileStream(target + ".part", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
        }
        catch (IOException problem)
        {
            throw RunFailure.BadData($"{target}.part cannot be written ({problem.Message}); is another 'pull' of it running?", null, problem);
        }

        PartialDownload part = new(target, $"{file.Size} {file.Sha256 ?? file.GitSha1}", stream);
        part.Continue();
        return part;
    }

    /// <summary>Starts from nothing.</summary>
    public void Clear(string? tag)
    {
        Stream.SetLength(0);
        Tag = tag;
        File.WriteAllLines(Note, tag is null ? [_content] : [_content, tag]);
    }

    /// <summary>Puts the complete file in its place.</summary>
    public void Land()
    {
        Stream.Flush(flushToDisk: true);
        Stream.Dispose();
        File.Move(_target + ".part", _target, overwrite: true);
        File.Delete(Note);
    }

    /// <summary>Throws away what has arrived.</summary>
    public void Discard()
    {
        Stream.Dispose();
        File.Delete(_target + ".part");
        File.Delete(Note);
    }

    public void Dispose() => Stream.Dispose();

    private void Continue()
    {
        string[] note = File.Exists(Note) ? File.ReadAllLines(Note) : [];
        if (Stream.Length > 0 && note.Length > 0 && note[0] == _content)
        {
            Tag = note.Length > 1 ? note[1] : null;
            Stream.Seek(0, SeekOrigin.End);
        }
        else
        {
            Clear(null);
        }
    }
}
