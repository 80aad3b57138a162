namespace LoraLab.Training.Adapters.Peft;

/// <summary>The factors of an adapted layer.</summary>
/// <param name="Rank">Rank.</param>
/// <param name="Out">Output width of the layer; 0: the shapes of the tensors do not tell it.</param>
/// <param name="In">Input width of the layer; 0: the shapes of the tensors do not tell it.</param>
/// <param name="Scaling">s.</param>
public sealed record PeftModule(int Rank, int Out, int In, double Scaling)
{
    /// <summary>The widths of the layer, in messages.</summary>
    internal string Widths => Out > 0 ? $"{Out}×{In}" : "another shape";

    /// <summary>Shape of each tensor by its name within the layer.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<long>> Shapes { get; init; } = new Dictionary<string, IReadOnlyList<long>>();
}
