namespace LoraLab.Server.Comparison.Statistics;

/// <summary>The confidence level of intervals.</summary>
internal static class Confidence
{
    public const double Level = 0.95;

    /// <summary>Probability below the upper end of a two-sided interval: 0.975 for 0.95.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="level"/> is not within (0, 1).</exception>
    public static double UpperTail(double level) => level is > 0 and < 1
        ? 1 - ((1 - level) / 2)
        : throw new ArgumentOutOfRangeException(nameof(level), level, "A confidence level lies between 0 and 1.");
}
