using System.Text.Json.Nodes;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Runs;
using LoraLab.Web.Components;
using MudBlazor;

namespace LoraLab.Web.Pages.Studies;

/// <summary>How a study's states, verdicts and cells are shown: a word and an icon, never a colour alone.</summary>
internal static class StudyAppearance
{
    private const string Rate = "learningRate";
    private const string RateB = "learningRateB";

    internal static string Word(StudyState state) => state switch
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

    internal static string Word(ClaimVerdict verdict) => verdict switch
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

    /// <summary>Where the chosen cell lies, in one sentence; null where no rate was chosen.</summary>
    internal static string? Sentence(GridPosition? place) => place switch
    {
        GridPosition.Inside => "Smaller and larger rates were tried too.",
        GridPosition.InsideAfterExtension => "The best rate was at the edge, the grid was extended beyond it, and the choice now lies inside.",
        GridPosition.AtEdge => "The choice is at the edge of the grid, also after the grid was extended: a better rate may lie beyond.",
        _ => null,
    };

    /// <summary>A cell's values, as in <c>η 2e-4</c> or <c>ηA 1e-4, ηB 4e-4</c>.</summary>
    internal static string Settings(JsonObject settings) =>
        settings.Count == 0 ? "as it is" : string.Join(", ", settings.Select(setting => $"{FieldName(setting.Key, settings.ContainsKey(RateB))} {Value(setting.Key, setting.Value)}"));

    /// <summary>A field as a symbol where it has one.</summary>
    internal static string FieldName(string field, bool twoRates) => field switch
    {
        Rate => twoRates ? "ηA" : "η",
        RateB => "ηB",
        _ => field,
    };

    internal static string Value(string field, JsonNode? value) =>
        field is Rate or RateB && value is JsonValue number && number.TryGetValue(out double rate) ? Format.Rate(rate) : JsonFormat.Show(value);

    /// <summary>Interrupted is no end: such a run goes on, or can.</summary>
    internal static bool HasEnded(StudyRun run) => run.State is RunState.Completed or RunState.Failed or RunState.Cancelled;

    /// <summary>Ended, and yet there is nothing to count.</summary>
    internal static bool HasNoResult(StudyRun run) => run.State is RunState.Failed or RunState.Cancelled || (run.State == RunState.Completed && run.Accuracy is null);
}
