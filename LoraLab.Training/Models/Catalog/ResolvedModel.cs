namespace LoraLab.Training.Models.Catalog;

/// <summary>A model folder that runs can use.</summary>
/// <param name="Name">Name in a specification.</param>
/// <param name="Folder">Its folder.</param>
/// <param name="Config">Its configuration.</param>
/// <param name="ConfigSha256">Hash of the bytes that the configuration was read from.</param>
public sealed record ResolvedModel(string Name, string Folder, LlamaConfig Config, string ConfigSha256);
