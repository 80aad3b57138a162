using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Web.Api;
using LoraLab.Web.Components;
using LoraLab.Web.State;
using Microsoft.AspNetCore.Components;

namespace LoraLab.Web.Pages.Sweeps;

/// <summary>One sweep, updated live: it is fetched again when it or one of its runs changes, at most once per second.</summary>
public sealed partial class SweepPage
{
    private const int MaxCompared = 8;

    private readonly PageLifetime _lifetime = new();
    private RenderThrottle? _reload;
    private RenderThrottle? _render;
    private SweepDocument? _sweep;
    private SweepGrid? _grid;
    private SweepImportance? _importance;
    private string? _loaded;
    private string? _failure;

    [Parameter]
    public string Id { get; set; } = "";

    [SupplyParameterFromQuery(Name = "x")]
    public string? X { get; set; }

    [SupplyParameterFromQuery(Name = "y")]
    public string? Y { get; set; }

    [SupplyParameterFromQuery(Name = "sort")]
    public string? Sort { get; set; }

    private IEnumerable<string> Fields => _sweep?.Plan.Space.Select(searched => searched.Field) ?? [];

    private string ShownX => Fields.FirstOrDefault(name => name == X) ?? Fields.First(name => name != Y);

    private string ShownY => Fields.FirstOrDefault(name => name == Y && name != ShownX) ?? Fields.First(name => name != ShownX);

    private string EndCounts => string.Join(", ", new (int Count, string Word)[]
    {
        (_sweep!.Counts.Completed, "completed"), (_sweep.Counts.Pruned, "pruned"), (_sweep.Counts.Failed, "failed"),
        (_sweep.Counts.Cancelled, "cancelled"),
    }.Where(part => part.Count > 0).Select(part => $"{part.Count} {part.Word}"));

    /// <summary>The best completed runs, limited to a readable comparison.</summary>
    private IReadOnlyList<string> Compared =>
    [
        .. _sweep!.Trials.Where(trial => trial is { State: RunState.Completed, Value: not null, RunId: not null })
            .OrderByDescending(trial => SweepAppearance.Score(_sweep.Plan.Objective, trial.Value))
            .Take(MaxCompared).Select(trial => trial.RunId!),
    ];

    /// <summary>URL of the form with this plan.</summary>
    private string CloneUrl
    {
        get
        {
            JsonObject plan = JsonSerializer.SerializeToNode(_sweep!.Plan, ContractJson.Options)!.AsObject();
            plan.Remove("name");
            JsonNode? spec = plan["spec"]!.DeepClone();
            spec.AsObject().Remove("evalSplit");
            plan.Remove("spec");
            return $"sweeps/new?set={Uri.EscapeDataString(spec.ToJsonString(ContractJson.Options))}&"
                + $"sweep={Uri.EscapeDataString(plan.ToJsonString(ContractJson.Options))}";
        }
    }

    protected override void OnInitialized()
    {
        _reload = new RenderThrottle(TimeSpan.FromSeconds(1), () => InvokeAsync(async () =>
        {
            await LoadAsync();
            StateHasChanged();
        }));
        _render = new RenderThrottle(TimeSpan.FromMilliseconds(500), () => InvokeAsync(StateHasChanged));
        Live.Reconnected += Reload;
    }

    protected override async Task OnParametersSetAsync()
    {
        if (_loaded == Id)
        {
            await LoadGridAsync();
            return;
        }

        _loaded = Id;
        (_sweep, _grid, _importance) = (null, null, null);
        _lifetime.Release();
        _lifetime.Hold(await Live.ListenAsync(LiveHub.Sweep(Id), _ => Reload()));
        _lifetime.Hold(await Live.ListenAsync(LiveHub.Runs, OnRun));
        await LoadAsync();
    }

    public void Dispose()
    {
        Live.Reconnected -= Reload;
        _reload?.Dispose();
        _render?.Dispose();
        _lifetime.Dispose();
    }

    private static string ReportUrl(SweepBest best) =>
        $"runs/new?from={best.RunId}&set={Uri.EscapeDataString(new JsonObject { ["evalSplit"] = "dev" }.ToJsonString())}";

    /// <summary>Model or dataset of the shared specification; the bundled sample if not set.</summary>
    private string ModelOrDataset(string field) => Fields.Contains(field) ? $"several {field}s"
        : JsonFormat.Show(_sweep!.Plan.Spec[field]) is { Length: > 0 } name ? name
        : BundledSample.Name;

    private static string? IndistinguishableNote(SweepBest best) => best.Indistinguishable switch
    {
        0 => null,
        1 => "1 other run is not clearly worse: the best accuracy lies within its confidence interval.",
        int count => $"{count} other runs are not clearly worse: the best accuracy lies within their confidence intervals.",
    };

    private string Describe(SweepPruner pruner) => pruner.Kind == SweepPrunerKind.Median
        ? $"median rule from step {pruner.WarmupSteps} with at least {pruner.MinimumRuns} other runs"
        : $"successive halving at steps {string.Join(", ", _sweep!.Rungs)}";

    /// <summary>Selecting the field of the other axis swaps the two axes.</summary>
    private void ShowFields(string? x, string? y) => Url.Set(new Dictionary<string, string?>
    {
        ["x"] = x == y && x == ShownX ? ShownY : x,
        ["y"] = x == y && y == ShownY ? ShownX : y,
    });

    private void Reload() => _reload?.Request();

    private void OnRun(LiveEvent live)
    {
        int index = _sweep is null || live.RunId is null ? -1 : _sweep.Trials.ToList().FindIndex(trial => trial.RunId == live.RunId);
        if (index < 0)
        {
            return;
        }

        if (live.Type == LiveEventTypes.RunState)
        {
            Reload();
        }
        else if (live.Data.Deserialize<RunProgress>(ContractJson.Options) is RunProgress progress)
        {
            // Progress events are too frequent to fetch the sweep again for each.
            _sweep = _sweep! with
            {
                Trials = [.. _sweep.Trials.Select((trial, i) => i == index ? trial with { Step = progress.Step } : trial)],
            };
            _render?.Request();
        }
    }

    private async Task LoadAsync()
    {
        string id = Id;
        try
        {
            SweepDocument sweep = await Api.GetSweepAsync(id, _lifetime.Token);
            SweepImportance importance = await Api.SweepImportanceAsync(id, _lifetime.Token);
            if (id == Id)
            {
                (_sweep, _importance, _failure) = (sweep, importance, null);
                await LoadGridAsync();
            }
        }
        catch (ApiException refusal)
        {
            _failure = refusal.Message;
        }
        catch (HttpRequestException)
        {
            // A sweep that is already shown stays; the connection banner warns that it may be stale.
            _failure = _sweep is null ? ApiException.Unreachable : null;
        }
        catch (OperationCanceledException)
        {
            // The page was left.
        }
    }

    private async Task LoadGridAsync()
    {
        if (_sweep is null || _sweep.Plan.Space.Count < 2)
        {
            return;
        }

        try
        {
            _grid = await Api.SweepGridAsync(_sweep.Id, ShownX, ShownY, _lifetime.Token);
        }
        catch (Exception failure) when (failure is HttpRequestException or ApiException or OperationCanceledException)
        {
            // The current grid stays; the next change triggers another request.
        }
    }

    private async Task<string?> RenameAsync(string name)
    {
        string? refused = await Actions.SaveAsync(
            async () => _sweep = await Api.PatchSweepAsync(Id, new ExperimentPatch { Name = name }, CancellationToken.None), null);
        StateHasChanged();
        return refused;
    }

    private Task ActAsync(string action) => Actions.TryAsync(
        async () => _sweep = await Api.ActOnSweepAsync(Id, action, CancellationToken.None),
        null);

    private async Task CancelAsync()
    {
        const string Text = "Its runs are stopped, and no more are started. Completed runs are kept, "
            + "and stopped runs keep their checkpoints.";
        if (await ConfirmDialog.AskAsync(Dialogs, $"Cancel {_sweep!.Name}?", Text, "Cancel sweep"))
        {
            await ActAsync("cancel");
        }
    }
}
