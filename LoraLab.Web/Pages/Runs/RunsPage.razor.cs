using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Runs.Groups;
using LoraLab.Contracts.Runs.Views;
using LoraLab.Web.Api;
using LoraLab.Web.Components;
using LoraLab.Web.Pages.Runs.Table;
using LoraLab.Web.Pages.Runs.Views;
using LoraLab.Web.State;
using Microsoft.AspNetCore.Components;
using MudBlazor;

namespace LoraLab.Web.Pages.Runs;

/// <summary>
/// The table of runs: the URL holds all that it shows, a saved view stores that under a name, and live events keep the rows up to date.
/// </summary>
public sealed partial class RunsPage
{
    /// <summary>The maximum number of runs in a comparison.</summary>
    private const int CompareLimit = Comparison.ComparePage.MaxRuns;
    private const int MaxPageSize = 500;
    private const string NewestFirst = "-createdAt";

    private readonly HashSet<string> _selected = [];
    private readonly PageLifetime _life = new();
    private readonly RenderFragment _views;
    private RowWindow _rows = null!;
    private RenderThrottle? _refetch;
    private RenderThrottle? _render;
    private RunQuery? _loaded;
    private SavedView? _view;
    private string? _viewFailure;
    private string? _failure;
    private string? _conditionError;
    private int _version;

    public RunsPage()
    {
        _views = builder =>
        {
            builder.OpenComponent<ViewBar>(0);
            builder.AddComponentParameter(1, nameof(ViewBar.View), _view);
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

    private string? HeaderText => _view is not null || _rows.List is not { Runs: > 0 } ? null
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

    protected override async Task OnInitializedAsync()
    {
        _rows = new RowWindow(Api);
        Live.Reconnected += OnReconnected;
        _refetch = new RenderThrottle(TimeSpan.FromSeconds(1.5), () => InvokeAsync(RefetchAsync));
        _render = new RenderThrottle(TimeSpan.FromMilliseconds(250), () => InvokeAsync(ShowHeld));
        await Task.WhenAll(LoadMethodsAsync(), ListenAsync());
    }

    protected override async Task OnParametersSetAsync()
    {
        if (await OpenViewAsync())
        {
            // The address of the view follows, with its parameters.
            return;
        }

        RunQuery query = new()
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
        if (_loaded?.ToQueryString() != query.ToQueryString())
        {
            _loaded = query;
            await LoadAsync();
        }
    }

    public void Dispose()
    {
        Live.Reconnected -= OnReconnected;
        _refetch?.Dispose();
        _render?.Dispose();
        _life.Dispose();
    }

    /// <summary>Loads the view that the address names; true: the address had nothing but its id and is replaced by the whole.</summary>
    private async Task<bool> OpenViewAsync()
    {
        if (string.IsNullOrEmpty(ViewId))
        {
            (_view, _viewFailure) = (null, null);
            return false;
        }

        if (_view?.Id != ViewId)
        {
            try
            {
                (_view, _viewFailure) = (await Api.GetViewAsync(ViewId, _life.Token), null);
            }
            catch (Exception failure) when (failure is HttpRequestException or ApiException or OperationCanceledException)
            {
                (_view, _viewFailure) = (null, ApiException.MessageFor(failure));
                return false;
            }

            if (CurrentQuery.Length == 0 && _view.Query.Length > 0)
            {
                Navigation.NavigateTo(ViewBar.Address(_view), new NavigationOptions { ReplaceHistoryEntry = true });
                return true;
            }
        }

        return false;
    }

    private void ShowView(SavedView? view)
    {
        _view = view;
        Navigation.NavigateTo(view is null ? "runs" : ViewBar.Address(view));
    }

    private async Task LoadAsync()
    {
        RunQuery query = _loaded!;
        try
        {
            await _rows.LoadAsync(query, _life.Token);
            if (ReferenceEquals(query, _loaded))
            {
                (_failure, _conditionError) = (null, null);
                _version++;
            }
        }
        catch (ApiException refusal) when (refusal.Errors.TryGetValue("filter", out IReadOnlyList<string>? wrong))
        {
            // While a condition is being typed, the runs of the last right one stay.
            (_conditionError, _failure) = (string.Join(" ", wrong), null);
        }
        catch (Exception failure) when (failure is HttpRequestException or ApiException)
        {
            _failure = ApiException.MessageFor(failure);
        }
        catch (OperationCanceledException)
        {
            // The page was closed.
        }
    }

    /// <summary>All rows, page by page: an export has what a scroll to the end would show.</summary>
    private async Task<RunTable?> WholeTableAsync()
    {
        List<RunGroup> rows = [];
        RunGroupList? page = null;
        bool done = await Actions.TryAsync(
            async () =>
            {
                do
                {
                    page = await Api.ListGroupsAsync(_loaded! with { Offset = rows.Count, Limit = MaxPageSize }, _life.Token);
                    rows.AddRange(page.Items);
                }
                while (page.Items.Count > 0 && rows.Count < page.Total);
            },
            null);
        return done ? RunTable.Of(page!.Pinned.Concat(rows), ShownColumns, Options) : null;
    }

    private void ToggleColumn(string key) =>
        Url.Set("cols", string.Join(',', TableColumns.Toggle(ShownColumns, key, _rows.List?.Metrics ?? [])), replace: false);

    private void Flip(string name, bool on) => Url.Set(name, on ? null : "1", replace: false);

    private void Pin(string id)
    {
        IReadOnlyList<string> pinned = PageUrl.List(Pinned);
        Url.Set("pin", string.Join(',', pinned.Contains(id) ? pinned.Where(other => other != id) : [.. pinned, id]), replace: false);
    }

    private void Toggle(RunGroup row)
    {
        if (row.Ids.All(_selected.Contains))
        {
            _selected.ExceptWith(row.Ids);
        }
        else
        {
            _selected.UnionWith(row.Ids);
        }
    }

    private async Task ToggleAllAsync()
    {
        RunGroupList list = _rows.List!;
        if (_rows.Held.All(row => row.Ids.All(_selected.Contains)))
        {
            _selected.Clear();
            return;
        }

        await Actions.TryAsync(
            async () => _selected.UnionWith((await Api.ListGroupsAsync(_loaded! with { Limit = MaxPageSize }, _life.Token)).Items
                .Concat(list.Pinned).SelectMany(row => row.Ids)),
            list.Total > MaxPageSize
                ? $"Selected the first {NumberFormat.Count(MaxPageSize)} of {NumberFormat.Count(list.Total, "row")}." : null);
    }

    private async Task LoadMethodsAsync()
    {
        try
        {
            await Catalog.EnsureMethodsAsync();
        }
        catch (Exception failure) when (failure is HttpRequestException or ApiException)
        {
            // The table shows method ids instead of names.
        }
    }

    private async Task ListenAsync() => _life.Hold(await Live.ListenAsync(LiveHub.Runs, OnLive));

    private void OnReconnected() => _ = InvokeAsync(RefetchAsync);

    private async Task RefetchAsync()
    {
        if (_loaded is not null)
        {
            await LoadAsync();
            StateHasChanged();
        }
    }

    private void ShowHeld()
    {
        _version++;
        StateHasChanged();
    }

    private void OnLive(LiveEvent message)
    {
        if (_rows.List is null || message.RunId is null)
        {
            return;
        }

        bool isKnown = _rows.Replace(message.RunId, run => LiveRuns.Apply(run, message));
        if (isKnown)
        {
            _render?.Request();
        }

        if (message.Type == LiveEventTypes.RunState)
        {
            if (LiveRuns.IsDeleted(message))
            {
                _selected.Remove(message.RunId);
            }

            // Only the server knows which runs match now, in which order, and the means of their groups.
            _refetch?.Request();
        }
    }

    private void CompareSelected() => Navigation.NavigateTo($"compare?runs={string.Join(',', _selected.Order(StringComparer.Ordinal))}");

    private Task CancelSelectedAsync() => ActAsync("Cancelled", () => Api.CancelRunsAsync(Selection(), CancellationToken.None));

    private Task DeleteSelectedAsync() => DeleteAsync([.. _selected]);

    private async Task DeleteAsync(IReadOnlyList<string> ids)
    {
        const string Text = "Results, predictions, log and adapter are removed from disk. This cannot be undone.";
        string? name = ids.Count == 1
            ? _rows.Held.FirstOrDefault(row => row.Count == 1 && row.First.Id == ids[0])?.First.Name ?? ids[0]
            : null;
        if (await ConfirmDialog.AskAsync(Dialogs, $"Delete {name ?? NumberFormat.Count(ids.Count, "run")}?", Text, "Delete"))
        {
            await ActAsync("Deleted", () => Api.DeleteRunsAsync(new BulkRequest { Ids = ids }, CancellationToken.None));
            _selected.ExceptWith(ids);
            await LoadAsync();
            StateHasChanged();
        }
    }

    private BulkRequest Selection() => new() { Ids = [.. _selected] };

    /// <summary>Performs an action on many runs, and says on how many and why not on the others.</summary>
    private async Task ActAsync(string done, Func<Task<BulkResult>> action)
    {
        BulkResult? result = null;
        if (await Actions.TryAsync(async () => result = await action(), null))
        {
            if (result!.Total > 0)
            {
                Toasts.Add($"{done} {NumberFormat.Count(result.Total, "run")}.", Severity.Normal);
            }

            if (result.Skipped is [{ } first, ..])
            {
                Toasts.Add(
                    result.Skipped.Count == 1 ? first.Detail
                        : $"{NumberFormat.Count(result.Skipped.Count, "run")} stayed as they are. The first: {first.Detail}",
                    Severity.Warning);
            }
        }
    }
}
