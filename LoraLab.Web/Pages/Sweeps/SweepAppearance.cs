using System.Globalization;
using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Contracts.Metrics;
using LoraLab.Web.Components;
using MudBlazor;

namespace LoraLab.Web.Pages.Sweeps;

/// <summary>Labels and icons of sweeps; color is never the only cue.</summary>
internal static class SweepAppearance
{
    internal static string Label(SweepState state) => state.ToString();

    internal static string Icon(SweepState state) => state switch
    {
        SweepState.Running => Icons.Material.Outlined.PlayCircle,
        SweepState.Paused => Icons.Material.Outlined.PauseCircle,
        SweepState.Completed => Icons.Material.Outlined.CheckCircle,
        SweepState.Failed => Icons.Material.Outlined.Error,
        _ => Icons.Material.Outlined.Cancel,
    };

    internal static string Class(SweepState state) =>
        "badge badge-" + (state == SweepState.Paused ? "interrupted" : state.ToString().ToLowerInvariant());

    internal static string Label(SweepSampler sampler) => sampler switch
    {
        SweepSampler.Grid => "Grid",
        SweepSampler.Random => "Random",
        _ => "TPE",
    };

    /// <summary>Display name of the objective.</summary>
    internal static string Objective(string objective) => MetricCatalog.Default.Of(objective).Name;

    /// <summary>Display name of the objective as a heading.</summary>
    internal static string ObjectiveTitle(string objective) => MetricCatalog.Default.Of(objective).Label;

    /// <summary>A value of the objective.</summary>
    internal static string Value(string objective, double? value) => Format.ShortMetric(MetricCatalog.Default.Of(objective), value);

    /// <summary>The value with its sign chosen so that higher is better.</summary>
    internal static double? Score(string objective, double? value) => MetricCatalog.Default.Of(objective).Sign * value;

    internal static int Ended(SweepDocument sweep) =>
        sweep.Counts.Completed + sweep.Counts.Pruned + sweep.Counts.Failed + sweep.Counts.Cancelled;

    /// <summary>A fraction as a CSS percentage.</summary>
    internal static string CssPercent(double fraction) => (fraction * 100).ToString("0.##", CultureInfo.InvariantCulture) + "%";
}
