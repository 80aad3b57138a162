namespace LoraLab.Training.Training.Optimization;

/// <summary>
/// Dynamic loss scaling for fp16 base weights (Micikevicius et al. 2018): the gradient is multiplied on its way back, so that small
/// values survive, and divided again in fp32. A window whose gradient overflows is computed again with half the scale, so that a run has
/// exactly one update for each window; after a calm stretch the scale doubles. Scales are powers of two: they change no digit.
/// </summary>
/// <param name="Active">True where scaling is on.</param>
/// <param name="Scale">S, the factor of the gradient; 1 where scaling is off.</param>
/// <param name="GoodSteps">Finite windows since the scale last changed.</param>
/// <param name="Overflows">Windows that had to be computed again, so far.</param>
public sealed record LossScaler(bool Active, double Scale, int GoodSteps = 0, int Overflows = 0)
{
    private const double First = 65536;
    private const double Largest = 16777216;
    private const int GrowthInterval = 200;

    /// <summary>Scaling on, from 2^16.</summary>
    public static LossScaler On { get; } = new(true, First);

    /// <summary>Scaling off.</summary>
    public static LossScaler Off { get; } = new(false, 1);

    /// <summary>Whether the scale fell below 1: what overflows then is the model, not the scaling.</summary>
    public bool Exhausted => Active && Scale < 1;

    /// <summary>After a finite window.</summary>
    public LossScaler AfterFinite() => !Active ? this
        : GoodSteps + 1 < GrowthInterval ? this with { GoodSteps = GoodSteps + 1 }
        : this with { Scale = Math.Min(Largest, Scale * 2), GoodSteps = 0 };

    /// <summary>After a window whose gradient overflowed: the same window is computed again.</summary>
    public LossScaler AfterOverflow() => this with { Scale = Scale / 2, GoodSteps = 0, Overflows = Overflows + 1 };
}
