namespace LoraLab.Training.Models;

/// <summary>
/// How the rotary frequencies of a model are scaled, as in <c>modeling_rope_utils.py</c> of Hugging Face Transformers.
/// </summary>
public sealed record RopeSettings
{
    /// <summary>The types that are computed.</summary>
    public static IReadOnlyList<string> Types { get; } = ["default", "linear", "dynamic", "llama3", "yarn", "longrope"];

    /// <summary>Type. The frequencies of <c>dynamic</c> and <c>longrope</c> depend on the length of the text.</summary>
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

    /// <summary><c>longrope</c>: divisor of each frequency in texts within the original context.</summary>
    public IReadOnlyList<double> ShortFactors { get; init; } = [];

    /// <summary><c>longrope</c>: divisor of each frequency in longer texts.</summary>
    public IReadOnlyList<double> LongFactors { get; init; } = [];

    /// <summary>Factor of cosines and sines.</summary>
    public double AttentionFactor { get; init; } = 1;

    /// <summary>Whether the frequencies depend on the length of the text.</summary>
    public bool DependsOnLength => Type is "dynamic" or "longrope";

    /// <summary>
    /// Which frequencies a text has: texts of the same variant have the same. 0 up to the original context; beyond it, with
    /// <c>dynamic</c> each length has its own, and with <c>longrope</c> all have the same.
    /// </summary>
    /// <param name="textLength">Tokens of the whole text, the last one included.</param>
    public int Variant(int textLength) => textLength <= OriginalContext ? 0 : Type switch
    {
        "dynamic" => textLength,
        "longrope" => 1,
        _ => 0,
    };

    /// <summary>Longest text, tokens, of a model with a context: <c>dynamic</c> extends it by its factor.</summary>
    public int LongestText(int context) => Type == "dynamic" ? (int)Math.Min(int.MaxValue / 2, context * Factor) : context;

    /// <summary>The frequencies of a variant, in the order of the dimensions of half a head.</summary>
    public double[] Frequencies(int headSize, int variant)
    {
        // NTK: θ grows so that the lowest frequency covers the text (transformers, _compute_dynamic_ntk_parameters).
        double theta = Type == "dynamic" && variant > 0
            ? Theta * Math.Pow((Factor * variant / OriginalContext) - (Factor - 1), headSize / (headSize - 2.0))
            : Theta;
        double[] plain = [.. Enumerable.Range(0, headSize / 2).Select(i => Math.Pow(theta, -2.0 * i / headSize))];
        return Type switch
        {
            "linear" => [.. plain.Select(frequency => frequency / Factor)],
            "llama3" => [.. plain.Select(Llama3)],
            "yarn" => [.. plain.Select((frequency, i) => Yarn(frequency, i, headSize))],
            "longrope" => [.. plain.Zip(variant == 0 ? ShortFactors : LongFactors, (frequency, factor) => frequency / factor)],
            _ => plain,
        };
    }

    /// <summary>The attention factor of <c>longrope</c> without one of its own: √(1 + ln f / ln original).</summary>
    public static double LongRopeAttention(double factor, double original) =>
        factor <= 1 ? 1 : Math.Sqrt(1 + (Math.Log(factor) / Math.Log(original)));

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
