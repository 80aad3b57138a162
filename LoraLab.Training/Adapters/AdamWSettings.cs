namespace LoraLab.Training.Adapters;

/// <summary>How AdamW updates the parameters of a method.</summary>
public sealed record AdamWSettings
{
    /// <summary>AdamW as in PyTorch.</summary>
    public static AdamWSettings Default { get; } = new();

    /// <summary>ε, which is added to the root of the second moment.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Whether ε is added before the bias correction of the second moment, and not after it.</summary>
    public bool EpsilonBeforeCorrection { get; init; }

    /// <summary>Whether the weights decay after their update, and not before it.</summary>
    public bool DecayAfterUpdate { get; init; }
}
