namespace LoraLab.Training.Adapters;

/// <summary>A tensor that a method's adapter of a layer has.</summary>
/// <param name="Part">Name within the layer, for example <c>lora_A</c>.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Trained">Whether the optimizer changes it.</param>
public sealed record AdapterTensorShape(string Part, IReadOnlyList<long> Shape, bool Trained)
{
    /// <summary>Whether all layers have the same tensor; then it has the largest width that one of them needs.</summary>
    public bool Shared { get; init; }

    /// <summary>Number of values.</summary>
    public long Values => Shape.Aggregate(1L, (product, length) => product * length);
}
