using System.Text.Json.Nodes;

namespace LoraLab.Training.Adapters;

/// <summary>What the configuration of a PEFT adapter says about its mathematics.</summary>
/// <param name="Rank">Rank; 0: the method has none.</param>
/// <param name="Alpha">Alpha; 0: the method has none.</param>
/// <param name="Options">Options of the method, of which missing ones have their defaults.</param>
public sealed record PeftSettings(int Rank, double Alpha, JsonObject Options)
{
    /// <summary>Whether the scaling is α/√r.</summary>
    public bool RankStabilized { get; init; }
}
