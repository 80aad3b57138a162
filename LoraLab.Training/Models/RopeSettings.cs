namespace LoraLab.Training.Models;

/// <summary>
/// How the rotary frequencies of a model are scaled, as in <c>modeling_rope_utils.py</c> of Hugging Face Transformers.
/// </summary>
public sealed record RopeSettings
{
    /// <summary>The types that are computed.</summary>
    public static IReadOnlyList<string> Types { get; } = ["default", "linear", "dynamic", "llama3", "yarn"];

    /// <summary>
    /// Type. <c>dynamic</c> changes the frequencies only beyond the context, to which rows are limited here, so that it is the default.
    /// </summary>
    public string Type { get; init; } = Types[0];

    /// <summary>Base θ.</summary>
    public required double Theta { get; init; }

    /// <summary>Factor by which the context was extended.</summary>
    public double Factor { get; init; } = 1;

    /// <summary>Context before it was extended, tokens.</summary>
    public double OriginalContext { get; init; }

    /// <summary><c>llama3</c>: wavelengths above the original context divided by this are scaled in full.</summary>
    public double LowFrequencyFactor { get; init; } = 1;

    /// <summary><c>llama3</c>: wavelengths below the original context divided by this are not scaled.</summary>
    public double HighFrequencyFactor { get; init; } = 4;

    /// <summary><c>yarn</c>: rotations within the original context above which a frequency is not scaled.</summary>
    public double BetaFast { get; init; } = 32;

    /// <summary><c>yarn</c>: rotations within the original context below which a frequency is scaled in full.</summary>
    public double BetaSlow { get; init; } = 1;

    /// <summary><c>yarn</c>: whether the bounds of the ramp are rounded to whole dimensions.</summary>
    public bool Truncate { get; init; } = true;

    /// <summary>Factor of cosines and sines.</summary>
    public double AttentionFactor { get; init; } = 1;

    /// <summary>Whether the frequencies are θ^(−2i/H), unchanged.</summary>
    public bool IsPlain => Type is "default" or "dynamic";

    /// <summary>Scales the frequencies θ^(−2i/H) of a head.</summary>
    public double[] Scale(double[] frequencies)
    {
        ArgumentNullException.ThrowIfNull(frequencies);
        return Type switch
        {
            "linear" => [.. frequencies.Select(frequency => frequency / Factor)],
            "llama3" => [.. frequencies.Select(Llama3)],
            "yarn" => [.. frequencies.Select((frequency, i) => Yarn(frequency, i, frequencies.Length * 2))],
            _ => frequencies,
        };
    }

    /// <summary>The attention factor that <c>yarn</c> takes without one of its own: 0.1·m·ln(factor) + 1.</summary>
    public static double YarnAttention(double factor, double m = 1) => factor <= 1 ? 1 : (0.1 * m * Math.Log(factor)) + 1;

    private double Llama3(double frequency)
    {
        double rotations = OriginalContext * frequency / (2 * Math.PI);
        if (rotations > HighFrequencyFactor)
        {
            return frequency;
        }

        if (rotations < LowFrequencyFactor)
        {
            return frequency / Factor;
        }

        double smooth = (rotations - LowFrequencyFactor) / (HighFrequencyFactor - LowFrequencyFactor);
        return ((1 - smooth) * frequency / Factor) + (smooth * frequency);
    }

    private double Yarn(double frequency, int i, int headSize)
    {
        (double low, double high) = (Dimension(BetaFast, headSize), Dimension(BetaSlow, headSize));
        if (Truncate)
        {
            (low, high) = (Math.Floor(low), Math.Ceiling(high));
        }

        (low, high) = (Math.Max(low, 0), Math.Min(high, headSize - 1));
        high = low == high ? high + 0.001 : high;
        double scaled = Math.Clamp((i - low) / (high - low), 0, 1);
        return (frequency / Factor * scaled) + (frequency * (1 - scaled));
    }

    /// <summary>The dimension whose frequency makes a number of rotations within the original context.</summary>
    private double Dimension(double rotations, int headSize) =>
        headSize * Math.Log(OriginalContext / (rotations * 2 * Math.PI)) / (2 * Math.Log(Theta));
}
