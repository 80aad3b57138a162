namespace LoraLab.Training.Files;

/// <summary>
/// What was read last from some files, for as long as they are as they were then, by path, size and time: within one process they are
/// read once. Safe for several threads.
/// </summary>
/// <typeparam name="T">What is made of them.</typeparam>
internal sealed class FileReadCache<T>
    where T : class
{
    private readonly Lock _door = new();
    private (string Name, IReadOnlyList<FileStamp> Files, T Value)? _last;

    /// <summary>What the files hold, read now if they are not those that were read last.</summary>
    /// <param name="name">What messages call it: the same files under another name are read again.</param>
    /// <param name="files">The files as they are now.</param>
    /// <param name="read">Reads them; what it throws is not kept.</param>
    public T Get(string name, IReadOnlyList<FileStamp> files, Func<T> read)
    {
        lock (_door)
        {
            if (_last is { } last && last.Name == name && last.Files.SequenceEqual(files))
            {
                return last.Value;
            }

            // Let go first: two large ones at once would be more than a run has.
            _last = null;
            T value = read();
            _last = (name, files, value);
            return value;
        }
    }
}
