namespace LoraLab.Contracts.Compare;

/// <summary>By how much times and memory must differ before the lower value counts as lower.</summary>
public sealed record CompareMargins
{
    /// <summary>Without repeated runs: what a machine that has nothing else to do typically varies by.</summary>
    public const double AssumedTime = 0.05;

    /// <summary>The same for peak memory.</summary>
    public const double AssumedMemory = 0.01;

    /// <summary>Of the training time, as a share of the higher value.</summary>
    public double Time { get; init; } = AssumedTime;

    /// <summary>Of the peak memory, as a share of the higher value.</summary>
    public double Memory { get; init; } = AssumedMemory;

    /// <summary>
    /// Number of compared runs that repeat another with other seeds, whose largest spread the margins are; 0: there are none, and the
    /// margins are assumed.
    /// </summary>
    public int Repetitions { get; init; }

    /// <summary>The margins and where they come from, as part of a sentence.</summary>
    public string Text { get; init; } = "";
}
