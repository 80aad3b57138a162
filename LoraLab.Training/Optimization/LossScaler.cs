namespace LoraLab.Training.Optimization;

/// <summary>
/// Dynamic loss scaling for fp16 base weights (Micikevicius et al. 2018): the loss is multiplied before the backward pass so
/// that small gradients survive; a step whose gradients overflow is skipped and the scale halved; it doubles after a calm stretch.
/// </summary>
public sealed class LossScaler
{
    private const double Largest = 65536;
    private const int CalmSteps = 2000;
    private int _calm;

    private LossScaler(double scale, bool active) => (Scale, Active) = (scale, active);

    /// <summary>Factor of the loss; 1 where scaling is off.</summary>
    public double Scale { get; private set; }

    /// <summary>True where scaling is on.</summary>
    public bool Active { get; }

    /// <summary>Scaling on, from the largest scale.</summary>
    public static LossScaler On() => new(Largest, active: true);

    /// <summary>Scaling off.</summary>
    public static LossScaler Off() => new(1, active: false);

    /// <summary>Notes whether a step's gradients were finite; returns whether the update may be made.</summary>
    public bool Accept(bool finite)
    {
        if (!Active)
        {
            return true;
        }

        if (!finite)
        {
            Scale /= 2;
            _calm = 0;
            return false;
        }

        if (++_calm >= CalmSteps && Scale < Largest)
        {
            Scale *= 2;
            _calm = 0;
        }

        return true;
    }
}
