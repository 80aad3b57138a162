using LoraLab.Training.Tokenization;

namespace LoraLab.Training.Models.Catalog;

/// <summary>The tokenizer of a model.</summary>
/// <param name="Tokenizer">The tokenizer; the same object while its file does not change.</param>
/// <param name="Sha256">SHA-256 of the bytes from which it was read.</param>
public sealed record ModelTokenizer(ITokenizer Tokenizer, string Sha256);
