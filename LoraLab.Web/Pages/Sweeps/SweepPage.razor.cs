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
using Microsoft.AspNetCore.Components;

namespace LoraLab.Web.Pages.Sweeps;

/// <summary>One sweep, updated live: it is fetched again when it or one of its runs changes, at most once per second.</summary>
public sealed partial class SweepPage
{
    private const int MaxCompared = 8;

    private SweepGrid? _grid;
    private SweepImportance? _importance;

    public SweepPage() : base(drawPause: TimeSpan.FromMilliseconds(500), loadPause: TimeSpan.FromSeconds(1))
    {
    }

    [Parameter]
    public string Id { get; set; } = "";

    [SupplyParameterFromQuery(Name = "x")]
    public string? X { get; set; }

    [SupplyParameterFromQuery(Name = "y")]
    public string? Y { get; set; }

    [SupplyParameterFromQuery(Name = "sort")]
    public string? Sort { get; set; }

    private IEnumerable<string> Fields => FieldsOf(Content!);

    private string ShownX => AxisX(FieldsOf(Content!));

    private string ShownY => AxisY(FieldsOf(Content!));

    private string EndCounts => string.Join(", ", new (int Count, string Word)[]
    {
        (Content!.Counts.Completed, "completed"), (Content.Counts.Pruned, "pruned"), (Content.Counts.Failed, "failed"),
        (Content.Counts.Cancelled, "cancelled"),
    }.Where(part => part.Count > 0).Select(part => $"{NumberFormat.Count(part.Count)} {part.Word}"));

    /// <summary>The best completed runs, limited to a readable comparison.</summary>
    private IReadOnlyList<string> Compared =>
    [
        .. Content!.Trials.Where(trial => trial is { State: RunState.Completed, Value: not null, RunId: not null })
            .OrderByDescending(trial => SweepAppearance.Score(Content.Plan.Objective, trial.Value))
            .Take(MaxCompared).Select(trial => trial.RunId!),
    ];

    /// <summary>URL of the form with this plan.</summary>
    private string CloneUrl
    {
        get
        {
            JsonObject plan = JsonSerializer.SerializeToNode(Content!.Plan, ContractJson.Options)!.AsObject();
            plan.Remove("name");
            JsonNode? spec = plan["spec"]!.DeepClone();
            spec.AsObject().Remove("evalSplit");
            plan.Remove("spec");
            return $"sweeps/new?set={Uri.EscapeDataString(spec.ToJsonString(ContractJson.Options))}&"
                + $"sweep={Uri.EscapeDataString(plan.ToJsonString(ContractJson.Options))}";
        }
    }

    protected override async Task OnParametersSetAsync()
    {
        if (!await ShowAsync(Id, keep: false, (LiveHub.Sweep(Id), _ => Reload()), (LiveHub.Runs, OnRun)) && Content is SweepDocument shown)
        {
            await LoadGridAsync(shown, Closed);
        }
    }

    protected override async Task<SweepDocument> FetchAsync(CancellationToken cancellationToken)
    {
        SweepDocument sweep = await Api.GetSweepAsync(Id, cancellationToken);
        SweepImportance importance = await Api.SweepImportanceAsync(Id, cancellationToken);
        await LoadGridAsync(sweep, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        _importance = importance;
        return sweep;
    }

    private static string[] FieldsOf(SweepDocument sweep) => [.. sweep.Plan.Space.Select(searched => searched.Field)];

    private string AxisX(string[] fields) => fields.FirstOrDefault(name => name == X) ?? fields.First(name => name != Y);

    private string AxisY(string[] fields)
    {
        string x = AxisX(fields);
        return fields.FirstOrDefault(name => name == Y && name != x) ?? fields.First(name => name != x);
    }

    private static string ReportUrl(SweepBest best) =>
        $"runs/new?from={best.RunId}&set={Uri.EscapeDataString(new JsonObject { ["evalSplit"] = "dev" }.ToJsonString())}";

    /// <summary>Model or dataset of the shared specification; the bundled sample if not set.</summary>
    private string ModelOrDataset(string field) => Fields.Contains(field) ? $"several {field}s"
        : JsonFormat.Show(Content!.Plan.Spec[field]) is { Length: > 0 } name ? name
        : BundledSample.Name;

    private static string? IndistinguishableNote(SweepBest best) => best.Indistinguishable switch
    {
        0 => null,
        1 => "1 other run is not clearly worse: the best accuracy lies within its confidence interval.",
        int count => $"{count} other runs are not clearly worse: the best accuracy lies within their confidence intervals.",
    };

    private string Describe(SweepPruner pruner) => pruner.Kind == SweepPrunerKind.Median
        ? $"median rule from step {NumberFormat.Count(pruner.WarmupSteps ?? 0)} with at least {pruner.MinimumRuns} other runs"
        : $"successive halving at steps {string.Join(", ", Content!.Rungs)}";

    /// <summary>Selecting the field of the other axis swaps the two axes.</summary>
    private void ShowFields(string? x, string? y) => Url.Set(new Dictionary<string, string?>
    {
        ["x"] = x == y && x == ShownX ? ShownY : x,
        ["y"] = x == y && y == ShownY ? ShownX : y,
    });

    private void OnRun(LiveEvent live)
    {
        int index = Content is null || live.RunId is null ? -1 : Content.Trials.ToList().FindIndex(trial => trial.RunId == live.RunId);
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
            Content = Content! with
            {
                Trials = [.. Content.Trials.Select((trial, i) => i == index ? trial with { Step = progress.Step } : trial)],
            };
            Draw();
        }
    }

    /// <summary>Fetches the grid of the chosen axes; when that fails, the current one stays until the next change.</summary>
    private async Task LoadGridAsync(SweepDocument sweep, CancellationToken cancellationToken)
    {
        if (sweep.Plan.Space.Count < 2)
        {
            _grid = null;
            return;
        }

        string[] fields = FieldsOf(sweep);
        try
        {
            SweepGrid grid = await Api.SweepGridAsync(sweep.Id, AxisX(fields), AxisY(fields), cancellationToken);
            cancellationToken.ThrowIfCancellationRequested();
            _grid = grid;
        }
        catch (Exception failure) when (failure is HttpRequestException or ApiException or OperationCanceledException)
        {
            // The current grid stays.
        }
    }

    private async Task<string?> RenameAsync(string name)
    {
        string? refused = await Actions.SaveAsync(
            async () => Content = await Api.PatchSweepAsync(Id, new ExperimentPatch { Name = name }, CancellationToken.None), null);
        StateHasChanged();
        return refused;
    }

    private Task ActAsync(string action) => Actions.TryAsync(
        async () => Content = await Api.ActOnSweepAsync(Id, action, CancellationToken.None),
        null);

    private async Task CancelAsync()
    {
        const string Text = "Its runs are stopped, and no more are started. Completed runs are kept, "
            + "and stopped runs keep their checkpoints.";
        if (await ConfirmDialog.AskAsync(Dialogs, $"Cancel {Content!.Name}?", Text, "Cancel sweep"))
        {
            await ActAsync("cancel");
        }
    }
}
