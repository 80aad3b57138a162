namespace LoraLab.Training.Adapters;

/// <summary>What the adapter of one linear layer holds, and what it makes the kernels do: all that its memory depends on.</summary>
/// <param name="Trained">Trained values: each has a gradient and two moments.</param>
/// <param name="Frozen">Frozen values of factors, those taken out of the base included.</param>
public sealed record AdapterFootprint(long Trained, long Frozen)
{
    /// <summary>Only a middle factor is trained: the way back does not need the layer's input.</summary>
    public bool MiddleOnly { get; init; }

    /// <summary>A second, frozen branch is subtracted.</summary>
    public bool SecondBranch { get; init; }

    /// <summary>The layer's weight is replaced by a new one of the same size.</summary>
    public bool ReplacesWeight { get; init; }
}
