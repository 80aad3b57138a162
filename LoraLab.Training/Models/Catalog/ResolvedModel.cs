namespace LoraLab.Training.Models.Catalog;

/// <summary>A usable model.</summary>
/// <param name="Name">Name in a specification.</param>
/// <param name="Folder">Its folder.</param>
/// <param name="Config">Its configuration.</param>
/// <param name="ConfigSha256">SHA-256 of the configuration file.</param>
public sealed record ResolvedModel(string Name, string Folder, LlamaConfig Config, string ConfigSha256)
{
    /// <summary>Warnings about its files, such as keys that are ignored.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}
