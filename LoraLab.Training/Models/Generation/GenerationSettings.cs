using LoraLab.Training.Tokenization;

namespace LoraLab.Training.Models.Generation;

/// <summary>How a text is generated, and where it ends.</summary>
/// <param name="MaxTokens">Maximum number of generated tokens.</param>
public sealed record GenerationSettings(int MaxTokens)
{
    /// <summary>
    /// Divisor of the logits before a token is drawn; null or 0: the token with the largest logit, the first of equal ones.
    /// </summary>
    public double? Temperature { get; init; }

    /// <summary>A token is drawn from the fewest most probable tokens that together have at least this probability.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>
    /// Seed of the draws. A draw depends on the seed, the index of the prompt and the number of tokens generated before, nothing else.
    /// </summary>
    public long Seed { get; init; }

    /// <summary>Index of the first prompt for the draws.</summary>
    public int FirstIndex { get; init; }

    /// <summary>Ids that end a text.</summary>
    public IReadOnlySet<int> StopIds { get; init; } = new HashSet<int>();

    /// <summary>Texts that end a text, which may span tokens; they need <see cref="Tokenizer"/>.</summary>
    public IReadOnlyList<string> StopTexts { get; init; } = [];

    /// <summary>Decodes what was generated; null: no text is returned.</summary>
    public ITokenizer? Tokenizer { get; init; }

    /// <summary>Whether tokens are drawn.</summary>
    public bool Sampled => Temperature > 0;

    /// <summary>Checks the numbers.</summary>
    /// <exception cref="ArgumentException">One is out of its range, or there are stop texts without a tokenizer.</exception>
    public void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxTokens, 1);
        if (!(Temperature is null or (>= 0 and < double.PositiveInfinity)))
        {
            throw new ArgumentOutOfRangeException(nameof(Temperature), Temperature, "The value must not be negative and must be finite.");
        }

        if (!(TopP is > 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(TopP), TopP, "The value must be above 0 and at most 1.");
        }

        if (StopTexts.Any(string.IsNullOrEmpty) || (StopTexts.Count > 0 && Tokenizer is null))
        {
            throw new ArgumentException("Stop texts must not be empty and need a tokenizer.", nameof(StopTexts));
        }
    }
}
