using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace LoraLab.Web.Charts;

/// <summary>
/// Curves of one metric. The only component that knows how charts are drawn: <c>js/metric-chart.js</c> hands its plan to ApexCharts.
/// </summary>
public sealed partial class MetricChart
{
    private ElementReference _plot;
    private IJSObjectReference? _module;
    private IJSObjectReference? _chart;
    private DotNetObjectReference<MetricChart>? _self;
    private ChartDrawing? _plan;
    private (IReadOnlyList<ChartSeries> Series, ChartView View)? _planned;
    private bool _inSight;
    private bool _unsent;
    private bool _table;
    private bool _disposed;

    /// <summary>Metric key, or another stable name of the chart.</summary>
    [Parameter, EditorRequired]
    public string Metric { get; set; } = "";

    [Parameter, EditorRequired]
    public string Title { get; set; } = "";

    [Parameter, EditorRequired]
    public IReadOnlyList<ChartSeries> Series { get; set; } = [];

    [Parameter]
    public ChartView View { get; set; } = new();

    [Parameter]
    public ChartFormat Format { get; set; } = ChartFormat.Number;

    [Parameter]
    public bool LowerIsBetter { get; set; }

    /// <summary>The y axis begins at 0, as for memory, where a few percent up and down mean nothing.</summary>
    [Parameter]
    public bool FromZero { get; set; }

    /// <summary>A height that the curves should stay below; null: none.</summary>
    [Parameter]
    public ChartLimit? Limit { get; set; }

    /// <summary>A sentence above the curves; null: none.</summary>
    [Parameter]
    public string? LimitNote { get; set; }

    /// <summary>What the x axis counts.</summary>
    [Parameter]
    public string XName { get; set; } = "Step";

    [Parameter]
    public int Height { get; set; } = 240;

    [Parameter]
    public string EmptyText { get; set; } = "No points yet";

    /// <summary>The reader dragged over a range, or double-clicked for everything.</summary>
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

            if (_plan is { Marks: [var first, ..] marks })
            {
                yield return marks.Count == 1
                    ? $"▲ {first.Value} at step {first.X} ({first.Name})"
                    : $"▲ {marks.Count} points are not finite; the first is {first.Value} at step {first.X} ({first.Name})";
            }

            if (_plan is { NotPositive: > 0 } plan)
            {
                yield return $"{plan.NotPositive} points are hidden: a logarithmic axis has no place for values of 0 or less";
            }
        }
    }

    /// <summary>Called by the script when the chart comes into view or leaves it: what nobody sees is not planned.</summary>
    [JSInvokable]
    public void SightChanged(bool inSight)
    {
        _inSight = inSight;
        if (inSight && PlanIfChanged())
        {
            StateHasChanged();
        }
    }

    /// <summary>Called by the script when the reader has dragged over a range.</summary>
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
        if (_inSight)
        {
            PlanIfChanged();
        }
    }

    private bool PlanIfChanged()
    {
        if (_planned is { } before && before.View == View && before.Series.SequenceEqual(Series))
        {
            return false;
        }

        _planned = (Series, View);
        _plan = ChartBuilder.Plan(Series, View, Format, LowerIsBetter, FromZero, Limit);
        _unsent = true;
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

            _chart = await _module.InvokeAsync<IJSObjectReference>("create", _plot, _self, new { xName = XName, height = Height });
        }

        if (_unsent && _chart is not null && !_disposed)
        {
            _unsent = false;
            await _chart.InvokeVoidAsync("draw", _plan);
        }
    }

    private void ToggleTable() => _table = !_table;

    private async Task SaveImageAsync(string kind)
    {
        if (_chart is not null)
        {
            await _chart.InvokeVoidAsync("save", kind, FileName);
        }
    }

    private async Task SaveCsvAsync()
    {
        StringBuilder csv = new("run,name,step,value\n");
        foreach (ChartSeries curve in Series)
        {
            Dictionary<int, string> words = curve.Data.NonFinite.ToDictionary(point => point.Index, point => point.Value);
            for (int i = 0; i < curve.Data.X.Count; i++)
            {
                string value = curve.Data.Y[i]?.ToString("R", CultureInfo.InvariantCulture) ?? words.GetValueOrDefault(i, "");
                csv.Append(CultureInfo.InvariantCulture, $"{curve.Id},\"{curve.Name.Replace("\"", "\"\"", StringComparison.Ordinal)}\",{curve.Data.X[i]},{value}\n");
            }
        }

        await Js.InvokeVoidAsync("loralab.download", FileName + ".csv", "text/csv", csv.ToString());
    }

    private string FileName => Metric.Replace('/', '-');
}
