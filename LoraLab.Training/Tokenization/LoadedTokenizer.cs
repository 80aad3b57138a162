namespace LoraLab.Training.Tokenization;

/// <summary>A tokenizer that was read from a folder.</summary>
/// <param name="Tokenizer">The tokenizer.</param>
/// <param name="Sha256">SHA-256 of the file.</param>
/// <param name="Warnings">Warnings about its files.</param>
public sealed record LoadedTokenizer(ITokenizer Tokenizer, string Sha256, IReadOnlyList<string> Warnings);
