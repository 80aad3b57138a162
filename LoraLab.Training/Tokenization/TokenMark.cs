namespace LoraLab.Training.Tokenization;

/// <summary>Where a position of a text lies among its tokens. A token can hold characters before and behind it.</summary>
/// <param name="First">Index of the first token that holds a character from the position on; the number of tokens if none does.</param>
/// <param name="Behind">Index behind the last token that holds a character before the position.</param>
public readonly record struct TokenMark(int First, int Behind);
