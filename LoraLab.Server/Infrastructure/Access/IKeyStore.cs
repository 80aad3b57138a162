namespace LoraLab.Server.Infrastructure.Access;

/// <summary>Keeps the keys that are made while servers run: a file of the data directory, or rows that all nodes read.</summary>
internal interface IKeyStore
{
    /// <summary>All keys, by name.</summary>
    IReadOnlyList<StoredKey> Read();

    /// <summary>Adds a key; false: one of this name exists.</summary>
    bool Add(StoredKey key);

    /// <summary>Removes a key; false: there is none of this name.</summary>
    bool Remove(string name);

    /// <summary>Stores when a key was used; a key that was removed meanwhile is left out.</summary>
    void MarkUsed(string name, DateTimeOffset at);
}
