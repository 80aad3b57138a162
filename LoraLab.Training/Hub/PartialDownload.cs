using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Hub;

/// <summary>
/// A partially downloaded file (<c>name.part</c>) with a sidecar file (<c>name.part.source</c>) that identifies the complete content
/// and its entity tag, so that a later process resumes only where that is safe.
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

    /// <summary>Entity tag of the content; null if unknown.</summary>
    public string? Tag { get; private set; }

    private string SourceFile => _target + ".part.source";

    /// <summary>Opens the partial download of a file, which is empty if none of the same content exists.</summary>
    public static PartialDownload Open(string target, HubFile file)
    {
        FileStream stream;
        try
        {
            stream = new FileStream(target + ".part", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
        }
        catch (IOException problem)
        {
            throw RunFailure.BadData(
                $"{target}.part cannot be written ({problem.Message}); check that no other 'pull' is downloading it.", null, problem);
        }

        PartialDownload part = new(target, $"{file.Size} {file.Sha256 ?? file.GitSha1}".Trim(), stream);
        part.ResumeOrClear();
        return part;
    }

    /// <summary>Restarts the download from the first byte.</summary>
    public void Clear(string? tag)
    {
        Stream.SetLength(0);
        Tag = tag;
        File.WriteAllLines(SourceFile, tag is null ? [_content] : [_content, tag]);
    }

    /// <summary>Flushes the complete file and moves it to its final path.</summary>
    public void Complete()
    {
        Stream.Flush(flushToDisk: true);
        Stream.Dispose();
        File.Move(_target + ".part", _target, overwrite: true);
        File.Delete(SourceFile);
    }

    /// <summary>Deletes the partial download.</summary>
    public void Discard()
    {
        Stream.Dispose();
        File.Delete(_target + ".part");
        File.Delete(SourceFile);
    }

    public void Dispose() => Stream.Dispose();

    private void ResumeOrClear()
    {
        string[] source = File.Exists(SourceFile) ? File.ReadAllLines(SourceFile) : [];
        if (Stream.Length > 0 && source.Length > 0 && source[0] == _content)
        {
            Tag = source.Length > 1 ? source[1] : null;
            Stream.Seek(0, SeekOrigin.End);
        }
        else
        {
            Clear(null);
        }
    }
}
