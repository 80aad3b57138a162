namespace LoraLab.Contracts.Experiments.Sweeps;

/// <summary>Limits of a sweep's plan.</summary>
public static class SweepLimits
{
    /// <summary>Number of runs.</summary>
    public const int Runs = 5000;

    /// <summary>Smallest number of random runs before the objective is modeled.</summary>
    public const int LeastStartupRuns = 2;

    /// <summary>Number of searched fields.</summary>
    public const int Fields = 16;

    /// <summary>Number of values of a choice.</summary>
    public const int Choices = 500;

    /// <summary>Number of grid values in a range.</summary>
    public const int Steps = 500;

    /// <summary>Number of constraints.</summary>
    public const int Constraints = 32;

    /// <summary>Length of a constraint, in characters.</summary>
    public const int ConstraintLength = 300;

    /// <summary>Smallest reduction factor of successive halving.</summary>
    public const int LeastFactor = 2;

    /// <summary>Largest reduction factor of successive halving.</summary>
    public const int Factor = 100;
}
