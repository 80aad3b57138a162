using System.Text.Json.Nodes;
using LoraLab.Contracts.Experiments.Studies;

namespace LoraLab.Server.Experiments.Studies.Steps;

/// <summary>
/// A method of a stored study with the decisions made for it. Decisions are final: a run that ends later does not change them.
/// </summary>
internal sealed record StoredArm
{
    /// <summary>The method of the plan, by its key.</summary>
    public required string Method { get; init; }

    public required string Label { get; init; }

    public required string Color { get; init; }

    /// <summary>Cells added beyond the edge of the grid; null before this is decided.</summary>
    public IReadOnlyList<JsonObject>? Extension { get; init; }

    /// <summary>The selected cell, whose runs are reported; null before selection, and in studies without selection.</summary>
    public JsonObject? Selected { get; init; }

    public GridPosition? Place { get; init; }

    /// <summary>Whether no cell finished, so that none can be selected; reset when a run is resumed.</summary>
    public bool NothingFinished { get; init; }
}
