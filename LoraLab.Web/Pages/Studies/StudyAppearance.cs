using System.Text.Json.Nodes;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Runs;
using LoraLab.Web.Components;
using MudBlazor;

namespace LoraLab.Web.Pages.Studies;

/// <summary>Labels and icons of study states, verdicts and cells; color is never the only cue.</summary>
internal static class StudyAppearance
{
    private const string Rate = "learningRate";
    private const string RateB = "learningRateB";

    internal static string Label(StudyState state) => state switch
    {
        StudyState.Running => "Running",
        StudyState.Completed => "Completed",
        StudyState.Failed => "Failed",
        StudyState.Cancelled => "Cancelled",
        _ => state.ToString(),
    };

    internal static string Icon(StudyState state) => state switch
    {
        StudyState.Running => Icons.Material.Outlined.PlayCircle,
        StudyState.Completed => Icons.Material.Outlined.CheckCircle,
        StudyState.Failed => Icons.Material.Outlined.Error,
        _ => Icons.Material.Outlined.Cancel,
    };

    internal static string Label(ClaimVerdict verdict) => verdict switch
    {
        ClaimVerdict.NotRun => "Not run",
        ClaimVerdict.Inconclusive => "Inconclusive",
        ClaimVerdict.Supported => "Supported",
        ClaimVerdict.NotSupported => "Not supported",
        _ => verdict.ToString(),
    };

    internal static string Icon(ClaimVerdict verdict) => verdict switch
    {
        ClaimVerdict.Supported => Icons.Material.Outlined.CheckCircle,
        ClaimVerdict.NotSupported => Icons.Material.Outlined.Cancel,
        ClaimVerdict.Inconclusive => Icons.Material.Outlined.HelpOutline,
        _ => Icons.Material.Outlined.RemoveCircleOutline,
    };

    /// <summary>The position of the selected cell in its grid, in one sentence; null if no learning rate was selected.</summary>
    internal static string? Describe(GridPosition? place) => place switch
    {
        GridPosition.Inside => "Smaller and larger learning rates were also run.",
        GridPosition.InsideAfterExtension =>
            "The best learning rate was at the edge of the grid; after the grid was extended, the selected rate lies inside.",
        GridPosition.AtEdge =>
            "The selected learning rate is at the edge of the grid, even after the grid was extended: a better rate may lie beyond it.",
        _ => null,
    };

    /// <summary>Settings of a cell, for example <c>η 2e-4</c> or <c>ηA 1e-4, ηB 4e-4</c>.</summary>
    internal static string Settings(JsonObject settings) =>
        settings.Count == 0 ? "default settings" : string.Join(", ", settings.Select(setting =>
            $"{FieldName(setting.Key, settings.ContainsKey(RateB))} {Value(setting.Key, setting.Value)}"));

    /// <summary>The symbol of a field if it has one, else its name.</summary>
    internal static string FieldName(string field, bool twoRates) => field switch
    {
        Rate => twoRates ? "ηA" : "η",
        RateB => "ηB",
        _ => field,
    };

    internal static string Value(string field, JsonNode? value) =>
        field is Rate or RateB && value is JsonValue number && number.TryGetValue(out double rate)
            ? Format.Rate(rate)
            : JsonFormat.Show(value);

    /// <summary>Whether the run has ended. Interrupted runs have not: they are resumed or can be.</summary>
    internal static bool HasEnded(StudyRun run) => run.State is RunState.Completed or RunState.Failed or RunState.Cancelled;

    /// <summary>Whether the run has ended without a result.</summary>
    internal static bool HasNoResult(StudyRun run) =>
        run.State is RunState.Failed or RunState.Cancelled || (run.State == RunState.Completed && run.Result is null);
}
