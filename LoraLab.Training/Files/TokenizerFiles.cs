namespace LoraLab.Training.Files;

/// <summary>The tokenizer files of a model folder.</summary>
internal static class TokenizerFiles
{
    /// <summary>The file of Hugging Face's tokenizers. With both files, it decides.</summary>
    public const string Json = "tokenizer.json";

    /// <summary>The SentencePiece file.</summary>
    public const string Model = "tokenizer.model";

    /// <summary>Its configuration.</summary>
    public const string Configuration = "tokenizer_config.json";

    /// <summary>Its special tokens, where the configuration does not name them.</summary>
    public const string SpecialTokens = "special_tokens_map.json";

    /// <summary>The chat template, if it is a file of its own.</summary>
    public const string ChatTemplate = "chat_template.jinja";

    /// <summary>All files that a run reads.</summary>
    public static IReadOnlyList<string> All { get; } = [Json, Model, Configuration, SpecialTokens, ChatTemplate];

    /// <summary>Name of the file that decides; null: the folder has none.</summary>
    public static string? Deciding(string folder) =>
        File.Exists(Path.Combine(folder, Json)) ? Json : File.Exists(Path.Combine(folder, Model)) ? Model : null;
}
