namespace LoraLab.Benchmarks.Protocol;

/// <summary>Whether a target is met.</summary>
internal enum Verdict
{
    /// <summary>There is no target.</summary>
    Informative,

    /// <summary>Not measured; the note has the reason.</summary>
    NotMeasured,

    /// <summary>The median misses it.</summary>
    Missed,

    /// <summary>The median meets it, but the worst block does not, or the spread of the control is too large for the claim.</summary>
    Unproven,

    /// <summary>The worst block meets it, and the spread of the control is below a quarter of the gain.</summary>
    Met,

    /// <summary>Met, and the median reaches the stretch goal as well.</summary>
    Reached,
}

/// <summary>Target of a value.</summary>
/// <param name="Must">Required bound.</param>
/// <param name="Reach">Stretch goal; null: none.</param>
/// <param name="AtMost">True: lower is better.</param>
internal sealed record Target(double Must, double? Reach, bool AtMost)
{
    /// <summary>Distance of the required bound from a ratio of 1; the control must be well within it.</summary>
    public double Gain => Math.Abs(Must - 1);

    /// <summary>A lower bound.</summary>
    public static Target AtLeast(double must, double? reach = null) => new(must, reach, false);

    /// <summary>An upper bound.</summary>
    public static Target NoMoreThan(double must, double? reach = null) => new(must, reach, true);

    /// <summary>Whether a value meets a bound.</summary>
    public bool Meets(double value, double bound) => AtMost ? value <= bound : value >= bound;

    /// <summary>The worse end of a range.</summary>
    public double Worst(Spread spread) => AtMost ? spread.Max : spread.Min;
}
