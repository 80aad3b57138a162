namespace LoraLab.Contracts;

/// <summary>The API keys that the server accepts.</summary>
/// <param name="Required">Whether requests require a key.</param>
/// <param name="Items">The keys, in the order of the configuration; neither secrets nor hashes.</param>
public sealed record KeyList(bool Required, IReadOnlyList<KeyEntry> Items);
