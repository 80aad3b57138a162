namespace LoraLab.Training.Files;

/// <summary>The SentencePiece file of a model folder.</summary>
internal static class TokenizerModelFile
{
    /// <summary>Name of the file.</summary>
    public const string Name = "tokenizer.model";

    /// <summary>Error about a folder without the file, as the predicate of a sentence.</summary>
    public static string MissingMessage(string modelFolder) => File.Exists(Path.Combine(modelFolder, "tokenizer.json"))
        ? $"has only a tokenizer.json, but LoraLab needs the SentencePiece model {Name}"
        : $"has no {Name}";
}
