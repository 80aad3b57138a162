namespace LoraLab.Training.Adapters;

/// <summary>Sizes of one linear layer's adapter, and properties that determine the memory of its kernels.</summary>
/// <param name="Trained">Number of trained values; each has a gradient and two moments.</param>
/// <param name="Frozen">Number of frozen values, including factors extracted from the base.</param>
public sealed record AdapterFootprint(long Trained, long Frozen)
{
    /// <summary>The rank r.</summary>
    public int Rank { get; init; }

    /// <summary>A is frozen: the backward pass does not need the layer's input.</summary>
    public bool MiddleOnly { get; init; }

    /// <summary>Outputs are scaled: the backward pass needs the output before that.</summary>
    public bool ScalesOutput { get; init; }

    /// <summary>Number of values that the method keeps between steps besides the moments.</summary>
    public long State { get; init; }

    /// <summary>A second, frozen branch is subtracted.</summary>
    public bool SecondBranch { get; init; }

    /// <summary>The layer's weight is replaced by a new tensor of the same size.</summary>
    public bool ReplacesWeight { get; init; }
}
