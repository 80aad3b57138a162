using System.Globalization;
using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace LoraLab.Web.Charts;

/// <summary>
/// A chart of one metric. The only component that knows how charts are drawn: <c>js/metric-chart.js</c> passes its drawing to ApexCharts.
/// </summary>
public sealed partial class MetricChart
{
    private ElementReference _plot;
    private IJSObjectReference? _module;
    private IJSObjectReference? _chart;
    private DotNetObjectReference<MetricChart>? _self;
    private ChartDrawing? _drawing;
    private (IReadOnlyList<ChartSeries> Series, ChartView View, IReadOnlyList<ChartMoment> Moments)? _builtFrom;
    private string? _drawnXName;
    private bool _isVisible;
    private bool _drawPending;
    private bool _table;
    private bool _disposed;

    /// <summary>The metric key, or another stable name of the chart.</summary>
    [Parameter, EditorRequired]
    public string Metric { get; set; } = "";

    [Parameter, EditorRequired]
    public string Title { get; set; } = "";

    [Parameter, EditorRequired]
    public IReadOnlyList<ChartSeries> Series { get; set; } = [];

    [Parameter]
    public ChartView View { get; set; } = new();

    [Parameter]
    public MetricFormat Format { get; set; } = MetricFormat.Number;

    [Parameter]
    public bool LowerIsBetter { get; set; }

    /// <summary>Whether the y axis starts at 0, as for memory, where small fluctuations mean nothing.</summary>
    [Parameter]
    public bool FromZero { get; set; }

    /// <summary>An upper limit; null: none.</summary>
    [Parameter]
    public ChartLimit? Limit { get; set; }

    /// <summary>A note above the curves; null: none.</summary>
    [Parameter]
    public string? LimitNote { get; set; }

    /// <summary>What happened to the run at some steps.</summary>
    [Parameter]
    public IReadOnlyList<ChartMoment> Moments { get; set; } = [];

    /// <summary>The unit of the x-axis.</summary>
    [Parameter]
    public string XName { get; set; } = "Step";

    [Parameter]
    public int Height { get; set; } = 240;

    [Parameter]
    public string EmptyText { get; set; } = "No points yet";

    /// <summary>Raised when a range is dragged, or on a double-click, which resets it.</summary>
    [Parameter]
    public EventCallback<ChartRange> OnRange { get; set; }

    private bool Empty => Series.All(curve => curve.Data.X.Count == 0);

    private bool Smoothed => View.Smoothing > 0;

    private IEnumerable<string> Notes
    {
        get
        {
            if (LimitNote is not null)
            {
                yield return LimitNote;
            }

            if (_drawing is { Marks: [var first, ..] marks })
            {
                yield return marks.Count == 1
                    ? $"▲ {first.Value} at {XName.ToLowerInvariant()} {NumberFormat.Number(first.X)} ({first.Name})"
                    : $"▲ {NumberFormat.Count(marks.Count)} non-finite points; the first is {first.Value} at {XName.ToLowerInvariant()} "
                        + $"{NumberFormat.Number(first.X)} ({first.Name})";
            }

            if (_drawing is { NotPositive: > 0 } drawing)
            {
                yield return $"{NumberFormat.Count(drawing.NotPositive, "point")} hidden: "
                    + "a logarithmic axis cannot show values of 0 or less";
            }
        }
    }

    /// <summary>Title of the y axis of a saved picture, whose ticks have the sign of a percentage.</summary>
    private string YName => MetricCatalog.Default.Of(Metric) is { Name: var name } metric && name != Metric
        ? metric.Unit is null or "%" ? metric.Label : metric.Heading
        : Title;

    /// <summary>What a saved file shows, with the run's name if it is one.</summary>
    private string FileName
    {
        get
        {
            string metric = Metric.Replace('/', '-');
            string[] names = [.. Series.Where(curve => !curve.Faint).Select(curve => curve.Name).Distinct()];
            return names.Length == 1 ? $"{FileNames.Part(names[0])}-{metric}" : $"{NumberFormat.Count(names.Length)}-runs-{metric}";
        }
    }

    /// <summary>Called by the script when the chart scrolls into or out of view; a chart out of view is not built.</summary>
    [JSInvokable]
    public void VisibilityChanged(bool isVisible)
    {
        _isVisible = isVisible;
        if (isVisible && BuildIfChanged())
        {
            StateHasChanged();
        }
    }

    /// <summary>Called by the script when a range was dragged.</summary>
    [JSInvokable]
    public Task RangeChosen(double? min, double? max) => OnRange.InvokeAsync(new ChartRange(min, max));

    public async ValueTask DisposeAsync()
    {
        _disposed = true;
        try
        {
            if (_chart is not null)
            {
                await _chart.InvokeVoidAsync("dispose");
                await _chart.DisposeAsync();
            }

            if (_module is not null)
            {
                await _module.DisposeAsync();
            }
        }
        catch (JSDisconnectedException)
        {
            // The page is gone, and the chart with it.
        }

        _self?.Dispose();
    }

    protected override void OnParametersSet()
    {
        if (_isVisible)
        {
            BuildIfChanged();
        }
    }

    private bool BuildIfChanged()
    {
        if (_builtFrom is { } before && before.View == View && before.Series.SequenceEqual(Series) && before.Moments.SequenceEqual(Moments))
        {
            return false;
        }

        _builtFrom = (Series, View, Moments);
        _drawing = ChartBuilder.Build(Series, View, Format, LowerIsBetter, FromZero, Limit) with { Moments = Moments };
        _drawPending = true;
        return true;
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (firstRender)
        {
            _self = DotNetObjectReference.Create(this);
            _module = await Js.InvokeAsync<IJSObjectReference>("import", "./js/metric-chart.js");
            if (_disposed)
            {
                return;
            }

            _chart = await _module.InvokeAsync<IJSObjectReference>(
                "create", _plot, _self, new { xName = XName, yName = YName, height = Height });
            _drawnXName = XName;
        }

        if (_drawnXName != XName && _chart is not null && !_disposed)
        {
            _drawnXName = XName;
            await _chart.InvokeVoidAsync("name", new { xName = XName });
        }

        if (_drawPending && _chart is not null && !_disposed)
        {
            _drawPending = false;
            await _chart.InvokeVoidAsync("draw", _drawing);
        }
    }

    private void ToggleTable() => _table = !_table;

    private async Task SaveImageAsync(string kind)
    {
        if (_chart is not null)
        {
            await _chart.InvokeVoidAsync("save", kind, FileName, new { title = Title, xTitle = XName, yTitle = YName });
        }
    }

    private async Task SaveCsvAsync()
    {
        CsvLines csv = new CsvLines("\n").Add("run", "name", "step", "value");
        foreach (ChartSeries curve in Series)
        {
            Dictionary<int, string> words = curve.Data.NonFinite.ToDictionary(point => point.Index, point => point.Value);
            for (int i = 0; i < curve.Data.X.Count; i++)
            {
                string value = CsvLines.Number(curve.Data.Y[i]) ?? words.GetValueOrDefault(i, "");
                csv.Add(curve.Id, curve.Name, curve.Data.X[i].ToString(CultureInfo.InvariantCulture), value);
            }
        }

        await Js.InvokeVoidAsync("loralab.download", FileName + ".csv", "text/csv", csv.ToString());
    }
}
