namespace LoraLab.Tests.Support;

/// <summary>A temporary folder of one test, deleted when the test ends.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public TemporaryFolder()
    {
        Path = Directory.CreateTempSubdirectory("loralab-test-").FullName;
    }

    public string Path { get; }

    /// <summary>Writes a text file, creating its folders, and returns its path.</summary>
    public string Write(string relative, string text)
    {
        string path = CreateParent(relative);
        File.WriteAllText(path, text);
        return path;
    }

    /// <summary>Writes a binary file, creating its folders, and returns its path.</summary>
    public string Write(string relative, byte[] bytes)
    {
        string path = CreateParent(relative);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);

    private string CreateParent(string relative)
    {
        string path = System.IO.Path.Combine(Path, relative);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        return path;
    }
}
