using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Web.Api;
using LoraLab.Web.Components;
using LoraLab.Web.Pages.Runs.Table;
using LoraLab.Web.State;
using Microsoft.AspNetCore.Components;

namespace LoraLab.Web.Pages.Runs;

/// <summary>The list of runs: the URL holds the query, and live events keep the table up to date.</summary>
public sealed partial class RunsPage
{
    /// <summary>The maximum number of runs in a comparison.</summary>
    private const int CompareLimit = Comparison.ComparePage.MaxRuns;
    private const int PageSize = 50;
    private const int MaxPageSize = 500;
    private const string NewestFirst = "-createdAt";

    private readonly HashSet<string> _selected = [];
    private readonly Dictionary<string, string> _experimentNames = [];
    private readonly PageLifetime _life = new();
    private RenderThrottle? _refetch;
    private List<RunDocument>? _runs;
    private RunQuery? _loaded;
    private string? _next;
    private string? _failure;
    private string? _conditionError;
    private int _total;
    private bool _loadingMore;

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

    private TableOptions Options => new()
    {
        GroupSeeds = Group is not null,
        Collapse = Collapse is not null,
        Baseline = Baseline,
        ExperimentNames = _experimentNames,
    };

    /// <summary>Whether the table is not the default one, whose rows have menus and progress.</summary>
    private bool IsTailored => new[] { Columns, Group, Collapse, Baseline }.Any(value => !string.IsNullOrEmpty(value));

    private IReadOnlyList<TableColumn> ShownColumns => TableColumns.Of(PageUrl.List(Columns), _runs ?? []);

    private string Sort => string.IsNullOrEmpty(SortField) ? NewestFirst : SortField;

    private IReadOnlyList<string> States => PageUrl.List(StateFilter);

    private IReadOnlyList<string> Methods => PageUrl.List(MethodFilter);

    private bool Filtered => !string.IsNullOrEmpty(Q) || States.Count > 0 || Methods.Count > 0 || !string.IsNullOrEmpty(Tag)
        || !string.IsNullOrEmpty(Study) || !string.IsNullOrEmpty(Sweep) || !string.IsNullOrEmpty(Condition);

    /// <summary>Whether all runs are listed, newest first.</summary>
    private bool IsDefaultView => !Filtered && Sort == NewestFirst;

    private IEnumerable<RunDocument> SelectedRuns => (_runs ?? []).Where(run => _selected.Contains(run.Id));

    private IReadOnlyList<string> KnownTags => [.. (_runs ?? []).SelectMany(run => run.Tags).Distinct().Order()];

    private string? HeaderText =>
        _runs is { Count: > 0 } ? "Select runs to compare them. Results are from the last evaluation, not the best one." : null;

    private string FirstRunCurl => $$"""
        curl -sS {{Navigation.BaseUri}}{{ApiRoutes.Runs.TrimStart('/')}} \
          -H 'Content-Type: application/json' \
          -d '{"model": "sample", "dataset": "sample", "method": "lora",
               "learningRate": 2e-3, "trainSamples": 4000, "lossScope": "completion"}'
        """;

    protected override async Task OnInitializedAsync()
    {
        Live.Reconnected += OnReconnected;
        _refetch = new RenderThrottle(TimeSpan.FromSeconds(1.5), () => InvokeAsync(RefetchAsync));
        await Task.WhenAll(LoadMethodsAsync(), ListenAsync());
    }

    protected override async Task OnParametersSetAsync()
    {
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
            Limit = PageSize,
        };
        if (_loaded is null || (_loaded with { Limit = PageSize }).ToQueryString() != query.ToQueryString())
        {
            _loaded = query;
            await LoadAsync();
        }

        if (Collapse is not null && _experimentNames.Count == 0)
        {
            await LoadExperimentNamesAsync();
        }
    }

    public void Dispose()
    {
        Live.Reconnected -= OnReconnected;
        _refetch?.Dispose();
        _life.Dispose();
    }

    private async Task LoadAsync()
    {
        RunQuery query = _loaded!;
        try
        {
            RunList page = await Api.ListRunsAsync(query, _life.Token);
            if (ReferenceEquals(query, _loaded))
            {
                (_runs, _next, _total, _failure, _conditionError) = ([.. page.Items], page.NextCursor, page.Total, null, null);
                _selected.IntersectWith(_runs.Select(run => run.Id));
            }
        }
        catch (ApiException refusal) when (refusal.Errors.TryGetValue("filter", out IReadOnlyList<string>? wrong))
        {
            // While a condition is being typed, the runs of the last right one stay.
            (_conditionError, _failure, _runs) = (string.Join(" ", wrong), null, _runs ?? []);
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

    private async Task LoadMoreAsync()
    {
        if (_next is null || _loaded is null || _runs is null)
        {
            return;
        }

        _loadingMore = true;
        await Actions.TryAsync(
            async () =>
            {
                RunList page = await Api.ListRunsAsync(_loaded with { Cursor = _next }, _life.Token);
                HashSet<string> known = [.. _runs.Select(run => run.Id)];
                _runs.AddRange(page.Items.Where(run => !known.Contains(run.Id)));
                (_next, _total) = (page.NextCursor, page.Total);
            },
            null);
        _loadingMore = false;
    }

    private RunTable BuildTable() => RunTable.Of(_runs ?? [], ShownColumns, Options);

    private async Task LoadExperimentNamesAsync()
    {
        try
        {
            foreach ((string id, string name) in (await Api.ListStudiesAsync(_life.Token)).Items.Select(study => (study.Id, study.Name))
                .Concat((await Api.ListSweepsAsync(_life.Token)).Items.Select(sweep => (sweep.Id, sweep.Name))))
            {
                _experimentNames[id] = name;
            }
        }
        catch (Exception failure) when (failure is HttpRequestException or ApiException or OperationCanceledException)
        {
            // The rows show ids instead of names.
        }
    }

    private void ToggleColumn(string key) =>
        Url.Set("cols", string.Join(',', TableColumns.Toggle(ShownColumns, key, _runs ?? [])), replace: false);

    private void Flip(string name, bool on) => Url.Set(name, on ? null : "1", replace: false);

    private void Toggle(TableRow row)
    {
        string[] ids = [.. row.Runs.Select(run => run.Id)];
        if (ids.All(_selected.Contains))
        {
            _selected.ExceptWith(ids);
        }
        else
        {
            _selected.UnionWith(ids);
        }
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

    /// <summary>Fetches again as many runs as are shown.</summary>
    private async Task RefetchAsync()
    {
        if (_loaded is not null)
        {
            _loaded = _loaded with { Limit = Math.Clamp(_runs?.Count ?? 0, PageSize, MaxPageSize) };
            await LoadAsync();
            StateHasChanged();
        }
    }

    private void OnLive(LiveEvent message)
    {
        if (_runs is null || message.RunId is null)
        {
            return;
        }

        int index = _runs.FindIndex(run => run.Id == message.RunId);
        if (index >= 0)
        {
            Replace(index, LiveRuns.Apply(_runs[index], message));
        }
        else if (LiveRuns.Document(message) is RunDocument created && IsDefaultView
            && (_runs.Count == 0 || string.CompareOrdinal(created.Id, _runs[0].Id) > 0))
        {
            _runs.Insert(0, created);
            _total++;
        }

        if (message.Type == LiveEventTypes.RunState && !IsDefaultView)
        {
            // Only the server knows which runs match now, and in which order.
            _refetch?.Request();
        }

        InvokeAsync(StateHasChanged);
    }

    private void Replace(int index, RunDocument? next)
    {
        if (next is not null)
        {
            _runs![index] = next;
            return;
        }

        _selected.Remove(_runs![index].Id);
        _runs.RemoveAt(index);
        _total--;
    }

    private void CompareSelected() =>
        Navigation.NavigateTo($"compare?runs={string.Join(',', SelectedRuns.Reverse().Select(run => run.Id))}");

    private async Task CancelSelectedAsync()
    {
        foreach (RunDocument run in SelectedRuns.Where(run => RunActions.CanCancel(run.State)).ToList())
        {
            await Actions.CancelAsync(run);
        }
    }

    private Task DeleteSelectedAsync() => DeleteAsync([.. SelectedRuns]);

    private async Task DeleteAsync(IReadOnlyList<RunDocument> runs)
    {
        if (await Actions.DeleteAsync(runs))
        {
            await LoadAsync();
            StateHasChanged();
        }
    }
}
