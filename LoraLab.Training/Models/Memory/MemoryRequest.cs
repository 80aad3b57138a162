using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters;
using LoraLab.Training.Models.Packed;

namespace LoraLab.Training.Models.Memory;

/// <summary>Everything that a run's memory depends on.</summary>
public sealed record MemoryRequest
{
    /// <summary>Shape of the model.</summary>
    public required LlamaConfig Config { get; init; }

    /// <summary>The specification with the precision that is used.</summary>
    public required RunSpec Spec { get; init; }

    /// <summary>Adapters of a block by the short name of their layer.</summary>
    public required IReadOnlyDictionary<string, AdapterFootprint> Adapters { get; init; }

    /// <summary>Training passes; the one that needs most counts.</summary>
    public required IReadOnlyList<PassShape> Training { get; init; }

    /// <summary>Evaluation passes.</summary>
    public required IReadOnlyList<PassShape> Evaluation { get; init; }

    /// <summary>On a GPU.</summary>
    public bool Gpu { get; init; }

    /// <summary>The weights stay where they lie in the file: a weight that is replaced goes on counting.</summary>
    public bool Mapped { get; init; }

    /// <summary>Bytes of the indices of all passes.</summary>
    public double IndexBytes { get; init; }

    /// <summary>Bytes of the process itself.</summary>
    public double ProcessBytes { get; init; }

    /// <summary>Budget, MiB; null: none.</summary>
    public int? BudgetMb { get; init; }

    /// <summary>The frozen weights are bf16 or fp16.</summary>
    public bool Half => IsHalf(Spec.Precision);

    /// <summary>Whether a precision, which is not <c>auto</c>, has two bytes a value.</summary>
    public static bool IsHalf(Precision precision) => precision is Precision.Bf16 or Precision.Fp16;

    /// <summary>The adapters of a block for a specification whose method exists.</summary>
    public static IReadOnlyDictionary<string, AdapterFootprint> AdaptersOf(RunSpec spec, LlamaConfig config)
    {
        LoraMethod method = LoraMethods.Find(spec.Method)!;
        return config.Adapted(spec.TargetModules).ToDictionary(shape => shape.Name, shape => method.Footprint(shape, spec.Rank, spec.MethodOptions));
    }
}
