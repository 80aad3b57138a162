namespace LoraLab.Contracts.Runs.Groups;

/// <summary>The data that runs are evaluated on: results on different data do not compare.</summary>
/// <param name="Dataset">The dataset.</param>
/// <param name="EvalSplit">The split.</param>
/// <param name="Runs">Number of runs.</param>
public sealed record RunData(string Dataset, EvalSplit EvalSplit, int Runs)
{
    /// <summary>The data of a run.</summary>
    public static RunData Of(RunDocument run)
    {
        ArgumentNullException.ThrowIfNull(run);
        return new(run.Spec.Dataset, run.Spec.EvalSplit, 1);
    }

    /// <summary>Whether results on the two compare.</summary>
    public bool IsSame(RunData? other) => other is not null && Dataset == other.Dataset && EvalSplit == other.EvalSplit;
}
