using System.Globalization;
using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Web.Api;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace LoraLab.Web.Pages.Run;

/// <summary>A run's predictions for all evaluation rows, at any evaluation.</summary>
public sealed partial class RunPredictions
{
    private PredictionSet? _set;
    private List<Prediction> _rows = [];
    private (string Run, string Step, int Evaluations)? _loaded;
    private string? _failure;
    private bool _byMargin;

    [Inject]
    private IJSRuntime Js { get; set; } = null!;

    [Parameter, EditorRequired]
    public RunDocument Run { get; set; } = null!;

    /// <summary>The accuracy series, whose steps are those of the evaluations.</summary>
    [Parameter, EditorRequired]
    public MetricSeries Evaluations { get; set; } = null!;

    /// <summary>A step, <c>best</c>, or null for the last one.</summary>
    [Parameter]
    public string? StepChoice { get; set; }

    /// <summary><c>wrong</c> omits correct rows.</summary>
    [Parameter]
    public string? Show { get; set; }

    private bool WrongOnly => Show == "wrong";

    protected override async Task OnParametersSetAsync()
    {
        string step = StepChoice ?? "last";
        // "last" and "best" may refer to another step after each evaluation; a number never does.
        bool isRelative = step is "last" or "best";
        (string, string, int) requested = (Run.Id, step, isRelative ? Evaluations.X.Count : 0);
        if (Evaluations.X.Count > 0 && _loaded != requested)
        {
            _loaded = requested;
            await LoadAsync();
        }
        else
        {
            ApplyView();
        }
    }

    private async Task LoadAsync()
    {
        try
        {
            _set = await Api.PredictionsAsync(Run.Id, StepChoice ?? "last", CancellationToken.None);
            _failure = null;
            ApplyView();
        }
        catch (Exception failure) when (failure is ApiException or HttpRequestException)
        {
            _failure = ApiException.MessageFor(failure);
        }
    }

    private void ApplyView()
    {
        IEnumerable<Prediction> rows = _set?.Items ?? [];
        rows = WrongOnly ? rows.Where(row => row.Label != row.Predicted) : rows;
        _rows = [.. _byMargin ? rows.OrderBy(Margin) : rows];
    }

    private void SortBy(bool margin)
    {
        _byMargin = margin;
        ApplyView();
    }

    private static double Margin(Prediction row)
    {
        double[] highest = [.. row.Scores.OfType<double>().OrderDescending().Take(2)];
        return highest.Length < 2 ? 0 : highest[0] - highest[1];
    }

    private string LabelName(int label) =>
        _set is not null && label >= 0 && label < _set.Labels.Count ? _set.Labels[label] : label.ToString(CultureInfo.InvariantCulture);

    private static string Pressed(bool on) => on ? "true" : "false";

    private async Task SaveAsync()
    {
        CsvLines csv = new CsvLines("\n").Add(["row", "label", "predicted", .. _set!.Labels]);
        foreach (Prediction row in _set.Items)
        {
            csv.Add(
            [
                row.Row.ToString(CultureInfo.InvariantCulture),
                LabelName(row.Label),
                LabelName(row.Predicted),
                .. row.Scores.Select(score => CsvLines.Number(score)),
            ]);
        }

        await Js.InvokeVoidAsync("loralab.download", $"{Run.Id}-step-{_set.Step}.csv", "text/csv", csv.ToString());
    }
}
