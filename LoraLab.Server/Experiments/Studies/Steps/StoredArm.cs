using System.Text.Json.Nodes;
using LoraLab.Contracts.Experiments.Studies;

namespace LoraLab.Server.Experiments.Studies.Steps;

/// <summary>A method of a stored study, and what was decided for it. A decision stands: a run that ends later does not change it.</summary>
internal sealed record StoredArm
{
    public required string Method { get; init; }

    public required string Label { get; init; }

    public required string Color { get; init; }

    /// <summary>Cells that were added beyond the edge of the grid; null: that has not been decided.</summary>
    public IReadOnlyList<JsonObject>? Extension { get; init; }

    /// <summary>The cell that is reported; null: not chosen, or nothing is.</summary>
    public JsonObject? Selected { get; init; }

    public GridPosition? Place { get; init; }

    /// <summary>No cell finished, so none can be chosen. Taken back when one is resumed and finishes.</summary>
    public bool NothingFinished { get; init; }
}
