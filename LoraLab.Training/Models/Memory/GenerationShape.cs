namespace LoraLab.Training.Models.Memory;

/// <summary>The texts that an evaluation generates together, which determine the memory of the generation.</summary>
/// <param name="Texts">Number of texts.</param>
/// <param name="PromptTokens">Tokens of the longest prompt.</param>
/// <param name="NewTokens">Maximum number of generated tokens.</param>
public sealed record GenerationShape(int Texts, int PromptTokens, int NewTokens);
