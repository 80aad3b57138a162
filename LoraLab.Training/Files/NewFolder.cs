using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Files;

/// <summary>
/// A folder that appears complete or not at all: it is written under a random hidden name beside its final one. Only what this object
/// created is deleted.
/// </summary>
internal sealed class NewFolder : IDisposable
{
    private readonly string _final;
    private bool _isPublished;

    public NewFolder(string final)
    {
        _final = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(final));
        Path = System.IO.Path.Combine(
            System.IO.Path.GetDirectoryName(_final) ?? _final, $".{System.IO.Path.GetFileName(_final)}.{Guid.NewGuid():n}.tmp");
        Directory.CreateDirectory(Path);
    }

    /// <summary>The folder to write to.</summary>
    public string Path { get; }

    /// <summary>Gives the folder its final name.</summary>
    /// <exception cref="RunFailure">The name is taken.</exception>
    public void Publish()
    {
        if (System.IO.Path.Exists(_final))
        {
            throw RunFailure.BadData($"{_final} already exists; choose another folder.");
        }

        Directory.Move(Path, _final);
        _isPublished = true;
    }

    /// <summary>Deletes the folder if it was not published.</summary>
    public void Dispose()
    {
        if (!_isPublished)
        {
            Directory.Delete(Path, recursive: true);
        }
    }
}
