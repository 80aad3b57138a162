namespace LoraLab.Training.Tokenization.HuggingFace.AddedTokens;

/// <summary>A token that is found in texts before the model encodes what is between (<c>added_tokens</c>).</summary>
/// <param name="Id">Its id.</param>
/// <param name="Content">Its text.</param>
/// <param name="IsSpecial">Whether decoding leaves it out.</param>
/// <param name="SingleWord">Whether it does not count inside a word.</param>
/// <param name="StripsLeft">Whether white space before it belongs to it.</param>
/// <param name="StripsRight">Whether white space behind it belongs to it.</param>
/// <param name="IsNormalized">Whether it is found in the normalized text, in its own normalized form.</param>
internal sealed record AddedToken(
    int Id, string Content, bool IsSpecial, bool SingleWord, bool StripsLeft, bool StripsRight, bool IsNormalized);
