namespace LoraLab.Training.Tokenization.HuggingFace;

/// <summary>A part of a text that matches, or one between two matches. The parts cover the text in order.</summary>
/// <param name="Start">First UTF-16 unit.</param>
/// <param name="End">Behind the last unit.</param>
/// <param name="IsMatch">Whether it matches.</param>
internal readonly record struct TextMatch(int Start, int End, bool IsMatch);
