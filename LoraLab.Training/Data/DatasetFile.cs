namespace LoraLab.Training.Data;

/// <summary>A source file of a dataset.</summary>
/// <param name="Name">File name.</param>
/// <param name="Sha256">SHA-256 of the bytes from which the rows were read.</param>
public sealed record DatasetFile(string Name, string Sha256);
