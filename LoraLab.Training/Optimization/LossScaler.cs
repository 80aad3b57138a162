namespace LoraLab.Training.Optimization;

/// <summary>
/// Dynamic loss scaling for fp16 base weights (Micikevicius et al. 2018): the loss is multiplied before the backward pass so
/// that small gradients survive; a step whose gradients overflow is skipped and the scale halved; it doubles after a calm stretch.
/// </summary>
public sealed class LossScaler
{
    private const double Largest = 65536;
    private const int CalmStretch = 2000;

    private LossScaler(double scale, bool active) => (Scale, Active) = (scale, active);

    /// <summary>Factor of the loss; 1 where scaling is off.</summary>
    public double Scale { get; private set; }

    /// <summary>True where scaling is on.</summary>
    public bool Active { get; }

    /// <summary>Finite steps since the scale last changed.</summary>
    public int CalmSteps { get; private set; }

    /// <summary>Scaling on, from the largest scale.</summary>
    public static LossScaler On() => new(Largest, active: true);

    /// <summary>Scaling off.</summary>
    public static LossScaler Off() => new(1, active: false);

    /// <summary>Goes on with the scale of another scaler.</summary>
    public void Restore(double scale, int calmSteps) => (Scale, CalmSteps) = (scale, calmSteps);

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
            CalmSteps = 0;
            return false;
        }

        if (++CalmSteps >= CalmStretch && Scale < Largest)
        {
            Scale *= 2;
            CalmSteps = 0;
        }

        return true;
    }
}
