using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters;
using LoraLab.Training.Models.Blocks;
using LoraLab.Training.Models.Packed;

namespace LoraLab.Training.Models.Memory;

/// <summary>Inputs of a memory estimate.</summary>
public sealed record MemoryRequest
{
    /// <summary>Shape of the model.</summary>
    public required LlamaConfig Config { get; init; }

    /// <summary>The specification with the resolved precision.</summary>
    public required RunSpec Spec { get; init; }

    /// <summary>Adapters of each block by the short name of their layer.</summary>
    public required IReadOnlyList<IReadOnlyDictionary<string, AdapterFootprint>> Adapters { get; init; }

    /// <summary>Training passes; the largest determines the estimate.</summary>
    public required IReadOnlyList<PassShape> Training { get; init; }

    /// <summary>Evaluation passes.</summary>
    public required IReadOnlyList<PassShape> Evaluation { get; init; }

    /// <summary>Texts that an evaluation generates; null: none.</summary>
    public GenerationShape? Generation { get; init; }

    /// <summary>Rows on which the method calibrates before training; null: it does not.</summary>
    public CalibrationShape? Calibration { get; init; }

    /// <summary>Whether the run uses a GPU.</summary>
    public bool Gpu { get; init; }

    /// <summary>Whether the weights are memory-mapped from the file: a replaced weight then still counts.</summary>
    public bool Mapped { get; init; }

    /// <summary>Bytes of the indices of all passes.</summary>
    public double IndexBytes { get; init; }

    /// <summary>Bytes of the process itself.</summary>
    public double ProcessBytes { get; init; }

    /// <summary>Budget, MiB; null: none.</summary>
    public int? BudgetMb { get; init; }

    /// <summary>Whether the frozen weights are bf16 or fp16.</summary>
    public bool Half => IsHalf(Spec.Precision);

    /// <summary>Whether all weights are trained.</summary>
    public bool TrainsWeights => LoraMethods.Find(Spec.Method)!.TrainsWeights;

    /// <summary>Whether a resolved precision takes two bytes per value.</summary>
    public static bool IsHalf(Precision precision) => precision is Precision.Bf16 or Precision.Fp16;

    /// <summary>
    /// Adapter footprints of each block, by layer name, for a specification with a known method; blocks with the same adapters share them.
    /// </summary>
    public static IReadOnlyList<IReadOnlyDictionary<string, AdapterFootprint>> AdaptersOf(RunSpec spec, LlamaConfig config)
    {
        LoraMethod method = LoraMethods.Find(spec.Method)!;
        if (method.TrainsWeights)
        {
            return [.. Enumerable.Repeat(new Dictionary<string, AdapterFootprint>(), config.Layers)];
        }

        ILookup<int, AdaptedLinear> adapted = AdaptedLinear.Of(spec, config).ToLookup(linear => linear.Block);
        Dictionary<string, IReadOnlyDictionary<string, AdapterFootprint>> distinct = [];
        return
        [
            .. Enumerable.Range(0, config.Layers).Select(block =>
            {
                string ranks = string.Join(",", adapted[block].Select(linear => $"{linear.Linear.Name} {linear.Rank}"));
                return distinct.TryGetValue(ranks, out IReadOnlyDictionary<string, AdapterFootprint>? same)
                    ? same
                    : distinct[ranks] = adapted[block].ToDictionary(
                        linear => linear.Linear.Name, linear => method.Footprint(linear.Linear, linear.Rank, spec.MethodOptions));
            }),
        ];
    }
}
