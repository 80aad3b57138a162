namespace LoraLab.Benchmarks.Protocol;

/// <summary>What a ratio has to be.</summary>
/// <param name="Must">Has to be met.</param>
/// <param name="Reach">Near the limit.</param>
/// <param name="AtMost">True: lower is better.</param>
internal sealed record Target(double Must, double? Reach, bool AtMost)
{
    /// <summary>At least so much.</summary>
    public static Target AtLeast(double must, double? reach = null) => new(must, reach, false);

    /// <summary>At most so much.</summary>
    public static Target NoMoreThan(double must, double? reach = null) => new(must, reach, true);

    /// <summary>Distance of the claim from "no difference": the control has to be well within it.</summary>
    public double Gain => Math.Abs(Must - 1);

    /// <summary>Whether a value meets a bound.</summary>
    public bool Meets(double value, double bound) => AtMost ? value <= bound : value >= bound;

    /// <summary>The worse end of a range.</summary>
    public double Worst(Spread spread) => AtMost ? spread.Max : spread.Min;
}

/// <summary>What became of a target.</summary>
internal enum Verdict
{
    /// <summary>A figure without a target.</summary>
    Informative,

    /// <summary>Not measured; the note says why.</summary>
    NotMeasured,

    /// <summary>Missed, by the median already.</summary>
    Missed,

    /// <summary>The median meets it, but the worst block does not, or the control is too wide for such a claim.</summary>
    Unproven,

    /// <summary>Met by the worst block, with a control a quarter of the gain at most.</summary>
    Met,

    /// <summary>Met, and the median is beyond the stretch goal too.</summary>
    Reached,
}
