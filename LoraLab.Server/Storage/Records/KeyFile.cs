using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Files;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Access;

namespace LoraLab.Server.Storage.Records;

/// <summary>
/// The made keys of a server in one process: a file beside the embedded database, readable by its owner only. It is not in the database,
/// which is rebuilt from run directories when it is damaged: keys would be lost.
/// </summary>
internal sealed class KeyFile : IKeyStore
{
    private readonly Lock _gate = new();
    private readonly string _path;
    private List<StoredKey>? _keys;

    public KeyFile(LoraLabPaths paths) => _path = paths.ApiKeys;

    /// <inheritdoc />
    public IReadOnlyList<StoredKey> Read()
    {
        lock (_gate)
        {
            return [.. Keys()];
        }
    }

    /// <inheritdoc />
    public bool Add(StoredKey key)
    {
        lock (_gate)
        {
            if (Keys().Any(other => other.Name == key.Name))
            {
                return false;
            }

            Write([.. Keys().Append(key).OrderBy(one => one.Name, StringComparer.Ordinal)]);
            return true;
        }
    }

    /// <inheritdoc />
    public bool Remove(string name)
    {
        lock (_gate)
        {
            List<StoredKey> left = [.. Keys().Where(key => key.Name != name)];
            if (left.Count == Keys().Count)
            {
                return false;
            }

            Write(left);
            return true;
        }
    }

    /// <inheritdoc />
    public void MarkUsed(string name, DateTimeOffset at)
    {
        lock (_gate)
        {
            if (Keys().Exists(key => key.Name == name))
            {
                Write([.. Keys().Select(key => key.Name == name ? key with { LastUsedAt = at } : key)]);
            }
        }
    }

    private List<StoredKey> Keys() => _keys ??= Load();

    private List<StoredKey> Load()
    {
        try
        {
            return File.Exists(_path) ? JsonSerializer.Deserialize<List<StoredKey>>(File.ReadAllText(_path), ContractJson.Options)! : [];
        }
        catch (Exception error) when (error is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new StartFailure($"The API keys in {_path} cannot be read ({error.Message.TrimEnd('.')}); "
                + "restore the file from a copy, or move it away: the keys in it then stop working, those of LoraLab:ApiKeys do not.");
        }
    }

    private void Write(List<StoredKey> keys)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
        DurableFile.WriteAllText(_path, JsonSerializer.Serialize(keys, ContractJson.Indented) + "\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(_path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        _keys = keys;
    }
}
