namespace LoraLab.Contracts.Runs;

/// <summary>Which adapter of a run.</summary>
public enum AdapterChoice
{
    /// <summary>That of the last step: the result of the run.</summary>
    Last,

    /// <summary>That of the evaluation with the best value of the run's primary metric, the earliest of equal ones.</summary>
    Best,
}
