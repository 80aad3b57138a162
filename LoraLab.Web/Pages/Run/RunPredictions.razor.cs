using System.Globalization;
using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using LoraLab.Web.Api;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace LoraLab.Web.Pages.Run;

/// <summary>A run's predictions with the texts of the evaluation rows, at any evaluation; the server filters and pages them.</summary>
public sealed partial class RunPredictions
{
    private const int PageSize = 50;

    private PredictionSet? _set;

    // The page with the confusion matrix, which pages after the first omit.
    private PredictionSet? _summary;
    private (PredictionQuery Query, string Run, int Evaluations)? _loaded;
    private string? _failure;

    [Inject]
    private IJSRuntime Js { get; set; } = null!;

    [Parameter, EditorRequired]
    public RunDocument Run { get; set; } = null!;

    /// <summary>A series of the evaluations, whose steps are theirs.</summary>
    [Parameter, EditorRequired]
    public MetricSeries Evaluations { get; set; } = null!;

    /// <summary>What is shown.</summary>
    [Parameter]
    public PredictionAddress Address { get; set; } = new();

    private string? Show => Address.Show;

    private string? Predicted => Address.Predicted;

    private bool OmitsRows => Show is "wrong" or "right" or "confident" or "flipped";

    private int? OpenRow => int.TryParse(Address.Row, NumberStyles.None, CultureInfo.InvariantCulture, out int row) ? row : null;

    private int Offset => int.TryParse(Address.At, NumberStyles.None, CultureInfo.InvariantCulture, out int offset) ? offset : 0;

    private PredictionQuery Query => new(Address.Step ?? "last")
    {
        Show = OmitsRows ? Show : null,
        History = true,
        Label = Address.Label,
        Predicted = Predicted,
        Text = Address.Text,
        Sort = Address.Sort is "margin" or "loss" ? Address.Sort : null,
        Offset = Offset,
        Limit = PageSize,
    };

    /// <summary>Whether rows are right or wrong: not where no text was generated.</summary>
    private bool HasRight => Show is not null || _set is null || _set.Labels.Count > 0 || _set.Items.Any(row => row.Correct is not null);

    private string RowsTitle
    {
        get
        {
            // Rows of several columns are no sentences.
            string name = _set?.Labels.Count > 0 ? "row" : TaskDescriptors.Of(Run.Task).RowName;
            return $"{char.ToUpperInvariant(name[0])}{name[1..]}s";
        }
    }

    private string Counted => _set!.Total == _set.Rows
        ? _set.Labels.Count > 0 ? "scores are log-probabilities" : "loss in nats over the tokens of the reference"
        : $"{NumberFormat.Count(_set.Total)} of {NumberFormat.Count(_set.Rows)} match";

    protected override async Task OnParametersSetAsync()
    {
        // "last" and "best" may refer to another step after each evaluation; a number never does.
        bool isRelative = Address.Step is null or "last" or "best";
        (PredictionQuery, string, int) requested = (Query, Run.Id, isRelative ? Evaluations.X.Count : 0);
        if (Evaluations.X.Count > 0 && _loaded != requested)
        {
            _loaded = requested;
            await LoadAsync();
        }
    }

    private async Task LoadAsync()
    {
        PredictionQuery query = Query;
        try
        {
            PredictionSet set = await Api.PredictionsAsync(Run.Id, query, CancellationToken.None);
            if (set.Confusion is null && set.Labels.Count > 0 && _summary?.Step != set.Step)
            {
                _summary = await Api.PredictionsAsync(Run.Id, new(query.Step) { Limit = 1 }, CancellationToken.None);
            }

            if (query == Query)
            {
                _set = set;
                _summary = set.Confusion is null ? _summary : set;
                _failure = null;
            }
        }
        catch (Exception failure) when (failure is ApiException or HttpRequestException)
        {
            _failure = ApiException.MessageFor(failure);
        }
    }

    /// <summary>Sets a filter and goes back to the first page.</summary>
    private void Set(string name, string? value) => Url.Set(
        new Dictionary<string, string?> { ["at"] = null, [name] = string.IsNullOrEmpty(value) ? null : value }, replace: name != "at");

    private void ShowCell(string label, string predicted) => Url.Set(
        new Dictionary<string, string?> { ["at"] = null, ["label"] = label, ["predicted"] = predicted, ["show"] = null }, replace: false);

    /// <summary>Shows the details of a row, or hides them.</summary>
    private void Toggle(int row) => Url.Set("row", row == OpenRow ? null : row.ToString(CultureInfo.InvariantCulture));

    private static string Pressed(bool on) => on ? "true" : "false";

    /// <summary>Saves all rows that match the filters.</summary>
    private async Task SaveAsync()
    {
        const int PageOfFile = 1000;
        List<Prediction> rows = [];
        PredictionSet page;
        try
        {
            do
            {
                PredictionQuery next = Query with { Offset = rows.Count, Limit = PageOfFile, History = false };
                page = await Api.PredictionsAsync(Run.Id, next, CancellationToken.None);
                rows.AddRange(page.Items);
            }
            while (page.Items.Count > 0 && rows.Count < page.Total);
        }
        catch (Exception failure) when (failure is ApiException or HttpRequestException)
        {
            _failure = ApiException.MessageFor(failure);
            return;
        }

        await Js.InvokeVoidAsync(
            "loralab.download",
            $"{FileNames.Part(Run.Name)}-predictions-step-{page.Step}.csv",
            "text/csv",
            PredictionCsv.Of(page.Labels, rows));
    }
}
