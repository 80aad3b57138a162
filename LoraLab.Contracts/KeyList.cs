namespace LoraLab.Contracts;

/// <summary>The API keys that the server accepts.</summary>
/// <param name="Required">Whether requests require a key.</param>
/// <param name="Items">The configured keys in their order, then those made here, by name; neither secrets nor hashes.</param>
public sealed record KeyList(bool Required, IReadOnlyList<KeyEntry> Items);
