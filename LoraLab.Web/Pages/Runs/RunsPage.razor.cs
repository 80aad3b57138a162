using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs.Groups;
using LoraLab.Contracts.Runs.Views;
using LoraLab.Web.Api;
using LoraLab.Web.Pages.Runs.Table;
using LoraLab.Web.Pages.Runs.Views;
using LoraLab.Web.State;
using Microsoft.AspNetCore.Components;

namespace LoraLab.Web.Pages.Runs;

/// <summary>
/// The table of runs: the URL holds all that it shows, a saved view stores that under a name, and live events keep the rows up to date.
/// </summary>
public sealed partial class RunsPage
{
    private const string NewestFirst = "-createdAt";

    private readonly SelectedRuns _selected = new();
    private readonly RenderFragment _views;
    private ShownView _view = null!;
    private RowWindow _rows = null!;
    private RunQuery _query = new();
    private string? _conditionError;
    private int _version;

    public RunsPage() : base(drawPause: TimeSpan.FromMilliseconds(250), loadPause: TimeSpan.FromSeconds(1.5))
    {
        _views = builder =>
        {
            builder.OpenComponent<ViewBar>(0);
            builder.AddComponentParameter(1, nameof(ViewBar.View), _view.View);
            builder.AddComponentParameter(2, nameof(ViewBar.Query), CurrentQuery);
            builder.AddComponentParameter(3, nameof(ViewBar.OnChanged), EventCallback.Factory.Create<SavedView?>(this, ShowView));
            builder.CloseComponent();
        };
    }

    /// <summary>Id of the saved view that is shown, perhaps with changes.</summary>
    [SupplyParameterFromQuery(Name = "view")]
    public string? ViewId { get; set; }

    [SupplyParameterFromQuery(Name = "q")]
    public string? Q { get; set; }

    /// <summary>A condition on fields, in the language of the API.</summary>
    [SupplyParameterFromQuery(Name = "filter")]
    public string? Condition { get; set; }

    [SupplyParameterFromQuery(Name = "state")]
    public string? StateFilter { get; set; }

    [SupplyParameterFromQuery(Name = "method")]
    public string? MethodFilter { get; set; }

    [SupplyParameterFromQuery(Name = "tag")]
    public string? Tag { get; set; }

    [SupplyParameterFromQuery(Name = "study")]
    public string? Study { get; set; }

    [SupplyParameterFromQuery(Name = "sweep")]
    public string? Sweep { get; set; }

    [SupplyParameterFromQuery(Name = "sort")]
    public string? SortField { get; set; }

    /// <summary>Keys of the columns, separated by commas; null: the default ones.</summary>
    [SupplyParameterFromQuery(Name = "cols")]
    public string? Columns { get; set; }

    [SupplyParameterFromQuery(Name = "group")]
    public string? Group { get; set; }

    [SupplyParameterFromQuery(Name = "collapse")]
    public string? Collapse { get; set; }

    /// <summary>Id of the run from which differences are shown.</summary>
    [SupplyParameterFromQuery(Name = "base")]
    public string? Baseline { get; set; }

    /// <summary>Ids of the runs whose rows stand above all others.</summary>
    [SupplyParameterFromQuery(Name = "pin")]
    public string? Pinned { get; set; }

    private TableOptions Options => new()
    {
        Baseline = _rows.List?.Baseline,
        Data = _rows.List?.Data is [{ } most, ..] ? most : null,
        Methods = Catalog.Methods,
    };

    private IReadOnlyList<TableColumn> ShownColumns => TableColumns.Of(PageUrl.List(Columns), _rows.List?.Metrics ?? []);

    private string Sort => string.IsNullOrEmpty(SortField) ? NewestFirst : SortField;

    private IReadOnlyList<string> States => PageUrl.List(StateFilter);

    private IReadOnlyList<string> Methods => PageUrl.List(MethodFilter);

    private bool Filtered => !string.IsNullOrEmpty(Q) || States.Count > 0 || Methods.Count > 0 || !string.IsNullOrEmpty(Tag)
        || !string.IsNullOrEmpty(Study) || !string.IsNullOrEmpty(Sweep) || !string.IsNullOrEmpty(Condition);

    private bool IsEmpty => _rows.List is { Runs: 0, Pinned.Count: 0 };

    private string? HeaderText => _view.View is not null || _rows.List is not { Runs: > 0 } ? null
        : "Select runs to compare them. Results are from the last evaluation, not the best one.";

    private string CountText
    {
        get
        {
            RunGroupList list = _rows.List!;
            int rows = list.Total + list.Pinned.Count;
            return Group is null && Collapse is null
                ? NumberFormat.Count(list.Runs, "run")
                : $"{NumberFormat.Count(rows, "row")} of {NumberFormat.Count(list.Runs, "run")}";
        }
    }

    /// <summary>What the address says about the table, as a view stores it.</summary>
    private string CurrentQuery => ViewQuery.Write(ViewQuery.Parse(new Uri(Navigation.Uri).Query));

    private string FirstRunCurl => $$"""
        curl -sS {{Navigation.BaseUri}}{{ApiRoutes.Runs.TrimStart('/')}} \
          -H 'Content-Type: application/json' \
          -d '{"model": "sample", "dataset": "sample", "method": "lora",
               "learningRate": 2e-3, "trainSamples": 4000, "lossScope": "completion"}'
        """;

    protected override void OnInitialized()
    {
        base.OnInitialized();
        (_rows, _view) = (new RowWindow(Api), new ShownView(Api));
    }

    protected override async Task OnParametersSetAsync()
    {
        if (await _view.OpenAsync(ViewId, Closed) && CurrentQuery.Length == 0 && _view.View!.Query.Length > 0)
        {
            // The address had nothing but the view's id; the whole one follows, with its parameters.
            Navigation.NavigateTo(ViewBar.Address(_view.View), new NavigationOptions { ReplaceHistoryEntry = true });
            return;
        }

        _query = Query();
        await Task.WhenAll(
            ShowAsync(_query.ToQueryString(), keep: true, (LiveHub.Runs, OnLive)), Catalog.TryEnsureMethodsAsync());
    }

    protected override async Task<RunGroupList> FetchAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _rows.LoadAsync(_query, cancellationToken);
        }
        catch (ApiException refusal) when (refusal.Errors.TryGetValue("filter", out IReadOnlyList<string>? wrong))
        {
            _conditionError = string.Join(" ", wrong);
            if (_rows.List is null)
            {
                throw;
            }

            // While a condition is being typed, the runs of the last right one stay.
            return _rows.List;
        }

        _conditionError = null;
        _version++;
        return _rows.List!;
    }

    private RunQuery Query() => new()
    {
        Search = Q,
        States = States,
        Methods = Methods,
        Tag = Tag,
        Study = Study,
        Sweep = Sweep,
        Filter = Condition,
        Sort = Sort,
        By = (Group, Collapse) switch { (null, null) => null, (_, null) => "seeds", (null, _) => "experiments", _ => "all" },
        Baseline = Baseline,
        Pinned = PageUrl.List(Pinned),
    };

    private void ShowView(SavedView? view)
    {
        _view.Show(view);
        Navigation.NavigateTo(view is null ? "runs" : ViewBar.Address(view));
    }

    private async Task<RunTable?> WholeTableAsync()
    {
        IReadOnlyList<RunGroup> rows = [];
        return await Actions.TryAsync(async () => rows = await _rows.AllAsync(Closed), null)
            ? RunTable.Of(rows, ShownColumns, Options) : null;
    }

    private void ToggleColumn(string key) =>
        Url.Set("cols", string.Join(',', TableColumns.Toggle(ShownColumns, key, _rows.List?.Metrics ?? [])), replace: false);

    private void Flip(string name, bool on) => Url.Set(name, on ? null : "1", replace: false);

    private void Pin(string id)
    {
        IReadOnlyList<string> pinned = PageUrl.List(Pinned);
        Url.Set("pin", string.Join(',', pinned.Contains(id) ? pinned.Where(other => other != id) : [.. pinned, id]), replace: false);
    }

    private async Task SelectAllAsync()
    {
        if (_selected.HasAll(_rows.Held))
        {
            _selected.Clear();
            return;
        }

        int rows = _rows.List!.Total;
        await Actions.TryAsync(
            async () => _selected.Add(await _rows.FirstAsync(RowWindow.MaximumRows, Closed)),
            rows <= RowWindow.MaximumRows ? null
                : $"Selected the first {NumberFormat.Count(RowWindow.MaximumRows)} of {NumberFormat.Count(rows, "row")}.");
    }

    private async Task DeleteAsync(IReadOnlyList<string> ids)
    {
        string name = ids.Count > 1 ? NumberFormat.Count(ids.Count, "run")
            : _rows.Held.FirstOrDefault(row => row.Count == 1 && row.First.Id == ids[0])?.First.Name ?? ids[0];
        if (await Bulk.DeleteAsync(ids, name))
        {
            _selected.Remove(ids);
            await LoadAsync();
            StateHasChanged();
        }
    }

    private void OnLive(LiveEvent message)
    {
        if (_rows.List is null || message.RunId is null)
        {
            return;
        }

        if (_rows.Replace(message.RunId, run => LiveRuns.Apply(run, message)))
        {
            _version++;
            Draw();
        }

        if (message.Type == LiveEventTypes.RunState)
        {
            if (LiveRuns.IsDeleted(message))
            {
                _selected.Remove([message.RunId]);
            }

            // Only the server knows which runs match now, in which order, and the means of their groups.
            Reload();
        }
    }
}
