namespace LoraLab.Training.Tokenization.HuggingFace.Models;

/// <summary>Encodes pieces of normalized text. Not thread-safe.</summary>
internal interface ITokenModel
{
    /// <summary>The tokens by text.</summary>
    IReadOnlyDictionary<string, int> Vocabulary { get; }

    /// <summary>Token for what the vocabulary cannot spell; null: there is none, or it spells everything.</summary>
    int? UnknownId { get; }

    /// <summary>Whether every byte of a piece stands for a character of its tokens.</summary>
    bool IsByteLevel { get; }

    /// <summary>Whether one unknown token stands for all neighbors that the vocabulary cannot spell.</summary>
    bool FusesUnknown { get; }

    /// <summary>Adds the ids of a piece that is not empty.</summary>
    void Encode(ReadOnlySpan<char> piece, List<int> ids);
}
