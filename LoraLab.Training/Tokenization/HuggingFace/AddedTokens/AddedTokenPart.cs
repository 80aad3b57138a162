namespace LoraLab.Training.Tokenization.HuggingFace.AddedTokens;

/// <summary>A part of a text that is an added token, or one between two of them.</summary>
/// <param name="Start">First UTF-16 unit.</param>
/// <param name="End">Behind the last unit.</param>
/// <param name="Token">The token; null: it is none.</param>
internal readonly record struct AddedTokenPart(int Start, int End, AddedToken? Token);
