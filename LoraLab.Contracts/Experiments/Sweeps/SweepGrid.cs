using System.Text.Json.Serialization;

namespace LoraLab.Contracts.Experiments.Sweeps;

/// <summary>Two fields of a sweep as a table of cells: what a heat map is drawn from.</summary>
public sealed record SweepGrid
{
    /// <summary>The objective.</summary>
    public required string Objective { get; init; }

    /// <summary>The field across.</summary>
    public required SweepAxis X { get; init; }

    /// <summary>The field up.</summary>
    public required SweepAxis Y { get; init; }

    /// <summary>Cells in which there is a run; others are empty.</summary>
    public IReadOnlyList<SweepCell> Cells { get; init; } = [];

    /// <summary>What a cell with several runs shows, and what is left out, in one sentence.</summary>
    [JsonPropertyName("sentence")]
    public required string Note { get; init; }
}

/// <summary>A field as an axis.</summary>
/// <param name="Field">The field.</param>
/// <param name="Labels">Its values, or intervals where a range was drawn from, in order.</param>
public sealed record SweepAxis(string Field, IReadOnlyList<string> Labels);

/// <summary>A cell of the table.</summary>
/// <param name="X">Index on the axis across.</param>
/// <param name="Y">Index on the axis up.</param>
/// <param name="Mean">Mean of the finished runs; null: none is.</param>
/// <param name="Finished">Finished runs in it.</param>
/// <param name="Runs">All runs in it.</param>
public sealed record SweepCell(int X, int Y, double? Mean, int Finished, IReadOnlyList<string> Runs);
