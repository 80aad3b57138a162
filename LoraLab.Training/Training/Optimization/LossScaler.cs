namespace LoraLab.Training.Training.Optimization;

/// <summary>
/// Dynamic loss scaling for fp16 base weights (Micikevicius et al. 2018): the gradient is scaled up for the backward pass, so that small
/// values do not underflow, and unscaled in fp32. A window whose gradient overflows is repeated with half the scale, so that every window
/// has exactly one update; after a growth interval without overflow, the scale doubles. Scales are powers of two, so scaling is exact.
/// </summary>
/// <param name="Active">Whether scaling is enabled.</param>
/// <param name="Scale">S, the factor of the gradient; 1 if scaling is disabled.</param>
/// <param name="GoodSteps">Finite steps since the scale last changed.</param>
/// <param name="Overflows">Windows repeated so far because their gradient overflowed.</param>
public sealed record LossScaler(bool Active, double Scale, int GoodSteps = 0, int Overflows = 0)
{
    private const double InitialScale = 65536;
    private const double MaxScale = 16777216;
    private const int GrowthInterval = 200;

    /// <summary>Scaling enabled, at the initial scale 2^16.</summary>
    public static LossScaler On { get; } = new(true, InitialScale);

    /// <summary>Scaling disabled.</summary>
    public static LossScaler Off { get; } = new(false, 1);

    /// <summary>Whether the scale fell below 1: the unscaled gradient itself overflows.</summary>
    public bool Exhausted => Active && Scale < 1;

    /// <summary>Returns the scaler after a finite step.</summary>
    public LossScaler AfterFinite() => !Active ? this
        : GoodSteps + 1 < GrowthInterval ? this with { GoodSteps = GoodSteps + 1 }
        : this with { Scale = Math.Min(MaxScale, Scale * 2), GoodSteps = 0 };

    /// <summary>Returns the scaler after an overflow, for repeating the window.</summary>
    public LossScaler AfterOverflow() => this with { Scale = Scale / 2, GoodSteps = 0, Overflows = Overflows + 1 };
}
