using System.ComponentModel.DataAnnotations;

namespace LoraLab.Contracts.Runs;

/// <summary>Texts to be tokenized.</summary>
public sealed record TokenizeRequest
{
    /// <summary>Name of the model.</summary>
    [StringLength(int.MaxValue, MinimumLength = 1)]
    public required string Model { get; init; }

    /// <summary>The texts.</summary>
    [MinLength(1), MaxLength(PredictLimits.Texts)]
    public required IReadOnlyList<string> Texts { get; init; }

    /// <summary>Whether what the tokenizer puts in front of a text, such as BOS, is put there.</summary>
    public bool AddSpecialTokens { get; init; } = true;
}

/// <summary>Tokens of texts.</summary>
/// <param name="Items">The tokens of each text.</param>
public sealed record TokenizeResult(IReadOnlyList<TokenizedText> Items);

/// <summary>Tokens of a text.</summary>
/// <param name="Ids">Their ids.</param>
/// <param name="Pieces">Their texts as the vocabulary has them.</param>
public sealed record TokenizedText(IReadOnlyList<int> Ids, IReadOnlyList<string> Pieces);
