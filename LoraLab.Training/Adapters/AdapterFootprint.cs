namespace LoraLab.Training.Adapters;

/// <summary>Sizes of one linear layer's adapter, and properties that determine the memory of its kernels.</summary>
/// <param name="Trained">Number of trained values; each has a gradient and two moments.</param>
/// <param name="Frozen">Number of frozen values, including factors extracted from the base.</param>
public sealed record AdapterFootprint(long Trained, long Frozen)
{
    /// <summary>Rank of the branch; 0: the layer has none.</summary>
    public int Rank { get; init; }

    /// <summary>A is frozen: the backward pass does not need the layer's input.</summary>
    public bool MiddleOnly { get; init; }

    /// <summary>Outputs are scaled: the backward pass needs the output before that.</summary>
    public bool ScalesOutput { get; init; }

    /// <summary>Number of values that the method keeps between steps besides the moments.</summary>
    public long State { get; init; }

    /// <summary>A second, frozen branch is subtracted.</summary>
    public bool SecondBranch { get; init; }

    /// <summary>Frozen tensors that all layers share, with the widths that this layer needs.</summary>
    public IReadOnlyList<AdapterTensorShape> Shared { get; init; } = [];

    /// <summary>Values of the factors that are computed in each pass while the layer's block is computed; 0: none.</summary>
    public long PassFactors { get; init; }

    /// <summary>Values that are computed once a window and kept until it ends, with a gradient each; 0: none.</summary>
    public long WindowValues { get; init; }

    /// <summary>
    /// If the weight update itself is computed in each pass: tensors of the size of a part of it that exist while the gradient of the part
    /// is turned into gradients of the adapter's tensors; 0: it is not.
    /// </summary>
    public int DeltaGraph { get; init; }

    /// <summary>See <see cref="WeightUpdate.Multiple"/>.</summary>
    public long DeltaMultiple { get; init; } = 1;

    /// <summary>The layer's weight is replaced by a new tensor of the same size.</summary>
    public bool ReplacesWeight { get; init; }
}
