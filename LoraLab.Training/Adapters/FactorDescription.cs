namespace LoraLab.Training.Adapters;

/// <summary>Names and sizes of the factors of a <see cref="LowRankAdapter"/>.</summary>
public static class FactorDescription
{
    /// <summary>All places in the arguments of the kernels.</summary>
    public static IReadOnlyList<AdapterFactor> All { get; } = Enum.GetValues<AdapterFactor>();

    /// <summary>The factors that an adapter stores.</summary>
    public static IReadOnlyList<AdapterFactor> Stored { get; } =
        [AdapterFactor.A, AdapterFactor.B, AdapterFactor.R, AdapterFactor.ExtractedA, AdapterFactor.ExtractedB];

    /// <summary>Name within the layer, in checkpoints and (A and B) in PEFT files.</summary>
    public static string Name(this AdapterFactor factor) => factor switch
    {
        AdapterFactor.A => "lora_A",
        AdapterFactor.B => "lora_B",
        AdapterFactor.R => "lora_R",
        AdapterFactor.ExtractedA => "taken_A",
        AdapterFactor.ExtractedB => "taken_B",
        _ => throw new ArgumentOutOfRangeException(nameof(factor), factor, null),
    };

    /// <summary>Full name, for example <c>model.layers.0.self_attn.q_proj.lora_A</c>.</summary>
    public static string NameIn(this AdapterFactor factor, string module) => $"{module}.{factor.Name()}";

    /// <summary>Shape for a layer and a rank.</summary>
    public static IReadOnlyList<long> Shape(this AdapterFactor factor, LinearShape layer, int rank) => factor switch
    {
        AdapterFactor.A or AdapterFactor.ExtractedA => [rank, layer.In],
        AdapterFactor.B or AdapterFactor.ExtractedB => [layer.Out, rank],
        AdapterFactor.R => [rank, rank],
        _ => throw new ArgumentOutOfRangeException(nameof(factor), factor, null),
    };
}
