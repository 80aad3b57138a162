namespace LoraLab.Training.Data;

/// <summary>A file whose rows are in a data set.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Sha256">Hash of the bytes that the rows were read from.</param>
public sealed record DatasetFile(string Name, string Sha256);
