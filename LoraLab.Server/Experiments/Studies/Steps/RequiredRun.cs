using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LoraLab.Contracts.Experiments.Studies;

namespace LoraLab.Server.Experiments.Studies.Steps;

/// <summary>A run that a study requires: method, cell, stage and seed.</summary>
internal sealed record RequiredRun
{
    public required StudyStage Stage { get; init; }

    /// <summary>The method of the plan, by its key.</summary>
    public required string Method { get; init; }

    /// <summary>Values of the grid fields.</summary>
    public required JsonObject Settings { get; init; }

    public required long Seed { get; init; }

    /// <summary>Whether its cell was added beyond the edge of the grid.</summary>
    public bool Extension { get; init; }

    /// <summary>Identifies the run within the study.</summary>
    [JsonIgnore]
    public string Key => string.Create(CultureInfo.InvariantCulture, $"{Stage}|{Method}|{StudyGrid.KeyOf(Settings)}|{Seed}");

    /// <summary>Names the run in messages.</summary>
    [JsonIgnore]
    public string Label
    {
        get
        {
            string cell = Settings.Count == 0 ? "" : $" with {StudyGrid.Describe(Settings)}";
            return string.Create(
                CultureInfo.InvariantCulture, $"{Method}{cell}, {(Stage == StudyStage.Selection ? "selection" : $"seed {Seed}")}");
        }
    }
}
