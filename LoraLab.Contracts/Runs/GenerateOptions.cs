using System.ComponentModel.DataAnnotations;

namespace LoraLab.Contracts.Runs;

/// <summary>How a text is generated.</summary>
public sealed record GenerateOptions
{
    /// <summary>Maximum number of generated tokens.</summary>
    [Range(1, PredictLimits.Tokens)]
    public int MaxTokens { get; init; } = 64;

    /// <summary>Tokens are drawn, with the logits divided by this; null or 0: the most probable token is taken.</summary>
    [Range(0.0, 100.0)]
    public double? Temperature { get; init; }

    /// <summary>A token is drawn from the fewest most probable tokens that together have this probability, which is above 0.</summary>
    [Range(0.0, 1.0)]
    public double TopP { get; init; } = 1;

    /// <summary>Seed of the draws.</summary>
    public long Seed { get; init; }

    /// <summary>Texts before which the generated text ends.</summary>
    [MaxLength(PredictLimits.StopTexts), StringLength(PredictLimits.StopLength, MinimumLength = 1)]
    public IReadOnlyList<string> Stop { get; init; } = [];
}
