namespace LoraLab.Training.Tokenization.HuggingFace.Models;

/// <summary>Options of byte-pair encoding.</summary>
/// <param name="IsByteLevel">Whether the pieces are still text of which every byte stands for a character (<see
/// cref="ByteAlphabet"/>).</param>
/// <param name="UnknownToken">Token for characters that are not in the vocabulary; null: they are left out.</param>
/// <param name="FuseUnknown">Whether neighbors of them are one token.</param>
/// <param name="ByteFallback">Whether their bytes are tokens such as <c>&lt;0x0A&gt;</c>, if the vocabulary has them.</param>
/// <param name="IgnoreMerges">Whether a piece that is a token needs no merges.</param>
internal sealed record BytePairOptions(bool IsByteLevel, string? UnknownToken, bool FuseUnknown, bool ByteFallback, bool IgnoreMerges);
