namespace LoraLab.Training.Files;

/// <summary>
/// Caches the last value read from a set of files while their paths, sizes and modification times are unchanged, so that a process reads
/// them once. Thread-safe.
/// </summary>
/// <typeparam name="T">Type of the value.</typeparam>
internal sealed class FileReadCache<T>
    where T : class
{
    private readonly Lock _lock = new();
    private (string Name, IReadOnlyList<FileStamp> Files, T Value)? _last;

    /// <summary>Returns the cached value, or reads the files if they changed.</summary>
    /// <param name="name">Name used in messages: the same files under another name are read again.</param>
    /// <param name="files">Current stamps of the files.</param>
    /// <param name="read">Reads the files; exceptions are not cached.</param>
    public T Get(string name, IReadOnlyList<FileStamp> files, Func<T> read)
    {
        lock (_lock)
        {
            if (_last is { } last && last.Name == name && last.Files.SequenceEqual(files))
            {
                return last.Value;
            }

            // Released before the read: two large values at once could exceed the memory of a run.
            _last = null;
            T value = read();
            _last = (name, files, value);
            return value;
        }
    }
}
