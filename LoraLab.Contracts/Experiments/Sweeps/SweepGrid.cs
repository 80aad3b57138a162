using System.Text.Json.Serialization;

namespace LoraLab.Contracts.Experiments.Sweeps;

/// <summary>Two fields of a sweep as a table of cells: the data of a heat map.</summary>
public sealed record SweepGrid
{
    /// <summary>The objective.</summary>
    public required string Objective { get; init; }

    /// <summary>The field on the x-axis.</summary>
    public required SweepAxis X { get; init; }

    /// <summary>The field on the y-axis.</summary>
    public required SweepAxis Y { get; init; }

    /// <summary>Cells with at least one run.</summary>
    public IReadOnlyList<SweepCell> Cells { get; init; } = [];

    /// <summary>How cells with several runs are aggregated and what is left out, in one sentence.</summary>
    [JsonPropertyName("sentence")]
    public required string Note { get; init; }
}

/// <summary>A field as an axis.</summary>
/// <param name="Field">The field.</param>
/// <param name="Labels">Its values, or intervals for a sampled range, in order.</param>
public sealed record SweepAxis(string Field, IReadOnlyList<string> Labels);

/// <summary>A cell of the table.</summary>
/// <param name="X">Index on the x-axis.</param>
/// <param name="Y">Index on the y-axis.</param>
/// <param name="Mean">Mean objective of the completed runs; null: none.</param>
/// <param name="Finished">Number of completed runs.</param>
/// <param name="Runs">Ids of all runs.</param>
public sealed record SweepCell(int X, int Y, double? Mean, int Finished, IReadOnlyList<string> Runs);
