using System.Text.Json.Nodes;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Runs;
using LoraLab.Web.Api;
using LoraLab.Web.Components;
using LoraLab.Web.State;
using Microsoft.AspNetCore.Components;
using MudBlazor;

namespace LoraLab.Web.Pages.NewRun;

/// <summary>
/// Writes a specification and queues it, once or for several seeds and methods. The server judges every change through a dry
/// run; the form itself knows no rule. What was changed stands in the address, so that a reload keeps it.
/// </summary>
public sealed partial class NewRunPage
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(350);

    private readonly SpecForm _form = new();
    private readonly SpecFormContext _context;
    private RunDocument? _source;
    private string? _loadedFrom;
    private string? _failure;
    private bool _ready;
    private bool _allMethods;
    private bool _busy;
    private string _seeds = "42";
    private string _tags = "";
    private string? _general;
    private DryRunResult? _plan;
    private readonly LatestOnly _checking = new();
    private readonly SubmissionKeys _keys = new();

    private EstimateRequest _memory = null!;

    public NewRunPage() => _context = new SpecFormContext(_form, OnChanged);

    [SupplyParameterFromQuery(Name = "from")]
    public string? From { get; set; }

    [SupplyParameterFromQuery(Name = "set")]
    public string? Set { get; set; }

    [SupplyParameterFromQuery(Name = "seeds")]
    public string? SeedsInAddress { get; set; }

    [SupplyParameterFromQuery(Name = "methods")]
    public string? MethodsInAddress { get; set; }

    private MethodDescriptor? Descriptor => Catalog.Method(_form.Method);

    private IReadOnlyList<string> Seeds => [.. _seeds.Split([',', ' ', ';'], StringSplitOptions.RemoveEmptyEntries).Distinct()];

    private IReadOnlyList<MethodDescriptor?> Methods => _allMethods && Catalog.Methods.Count > 0 ? [.. Catalog.Methods] : [Descriptor];

    private int RunCount => Math.Max(Seeds.Count, 1) * Methods.Count;

    private bool CanSubmit => !_busy && _context.AllErrors.Count == 0 && _general is null && SeedError is null;

    private string? SeedError => Seeds.Count == 0 ? "Give at least one seed." : null;

    private string SeedHelp => Seeds.Count > 1 ? $"{Seeds.Count} seeds: one run each" : "Several, as in 1, 2, 3, make a run each";

    private string RateHelp => _allMethods ? "Empty: each method's own default" : $"Empty: the default of {Descriptor?.Name ?? "the method"}";

    private string RatePlaceholder => _allMethods ? "each method's default" : Format.Rate(Descriptor?.DefaultLearningRate);

    private string RateBPlaceholder => _plan?.Spec.LearningRateB is double rate ? Format.Rate(rate) : "lrRatio × ηA";

    private IReadOnlyDictionary<string, string> NamePlaceholder => _plan is null ? new Dictionary<string, string>() : new Dictionary<string, string> { ["name"] = _plan.Name };

    protected override void OnInitialized() => _memory = new EstimateRequest(Api);

    protected override async Task OnParametersSetAsync()
    {
        if (_ready && _loadedFrom == (From ?? ""))
        {
            return;
        }

        _loadedFrom = From ?? "";
        await LoadAsync();
    }

    public void Dispose() => _checking.Dispose();

    private async Task LoadAsync()
    {
        (_ready, _failure, _source) = (false, null, null);
        try
        {
            await Catalog.EnsureAllAsync();
            _source = string.IsNullOrEmpty(From) ? null : await Api.GetRunAsync(From, CancellationToken.None);
        }
        catch (Exception failure) when (failure is ApiException or HttpRequestException)
        {
            _failure = ApiException.Sentence(failure);
            return;
        }

        _form.Start(_source is null ? null : CloneSource.Reopen(_source, Catalog.Method(_source.Spec.Method)));
        _form.Apply(Set);
        _allMethods = MethodsInAddress == "all";
        _seeds = SeedsInAddress ?? _form.Text("seed");
        _tags = string.Join(", ", (_form.Values["tags"] as JsonArray ?? []).Select(tag => tag?.ToString()));
        _ready = true;
        await CheckAsync();
    }

    private void StartOver()
    {
        _form.Start(_source is null ? null : CloneSource.Reopen(_source, Catalog.Method(_source.Spec.Method)));
        (_allMethods, _seeds, _tags) = (false, _form.Text("seed"), "");
        OnChanged();
    }

    private void SetAllMethods(bool all)
    {
        _allMethods = all;
        OnChanged();
    }

    private void TypeNullable(string field, string? text)
    {
        string typed = (text ?? "").Trim();
        _form.Set(field, typed.Length == 0 ? null : SpecForm.Number(typed));
        OnChanged();
    }

    private void TypeSeeds(string? text)
    {
        _seeds = text ?? "";
        _form.Set("seed", SpecForm.Number(Seeds.FirstOrDefault() ?? ""));
        OnChanged();
    }

    private void TypeTags(string? text)
    {
        _tags = text ?? "";
        _form.Set("tags", new JsonArray([.. _tags.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct().Select(tag => (JsonNode)tag)]));
        OnChanged();
    }

    private void OnChanged()
    {
        _ = CheckAsync();
        StateHasChanged();
    }

    /// <summary>Asks the server, when nothing was typed for a moment, what it says to the specification as it stands.</summary>
    private async Task CheckAsync()
    {
        CancellationToken cancellationToken = _checking.Begin();
        try
        {
            await Task.Delay(s_pause, cancellationToken);
            WriteAddress();
            SpecVerdict verdict = await SpecVerdict.AskAsync(Api, [.. Specs().Select(spec => spec.Body)], _form.Method, cancellationToken);
            (_plan, _context.AllErrors, _general) = (verdict.Plan, verdict.Errors, verdict.General);
            if (_plan is null)
            {
                _memory.Forget();
            }
            else
            {
                JsonObject own = Specs().First(spec => spec.Body["method"]?.ToString() == _form.Method).Body;
                await _memory.AskAsync(own, StateHasChanged, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            return;
        }

        StateHasChanged();
    }

    private void TakeSuggestion(RunSuggestion suggestion)
    {
        foreach ((string field, JsonNode? value) in suggestion.Changes)
        {
            _form.Set(field, value?.DeepClone());
        }

        OnChanged();
    }

    private void WriteAddress() => Url.Set(new Dictionary<string, string?>
    {
        ["set"] = _form.Changes(),
        ["seeds"] = Seeds.Count > 1 ? _seeds : null,
        ["methods"] = _allMethods ? "all" : null,
    });

    /// <summary>The runs that the form stands for, each with what tells it apart from the others.</summary>
    private List<RunVariant> Specs()
    {
        List<RunVariant> specs = [];
        foreach (MethodDescriptor? method in Methods)
        {
            foreach (string seed in Seeds.DefaultIfEmpty(""))
            {
                specs.Add(RunVariant.Make(_form, method?.Id == _form.Method ? null : method, SpecForm.Number(seed), Methods.Count > 1, Seeds.Count > 1));
            }
        }

        return specs;
    }

    private async Task SubmitAsync(bool first)
    {
        _busy = true;
        List<RunDocument> queued = [];
        // From here on the server's answer to the submission is what counts, not that to an earlier check.
        _checking.Cancel();
        WriteAddress();
        try
        {
            foreach (RunVariant spec in Specs())
            {
                JsonObject body = SpecForm.Copy(spec.Body);
                if (first)
                {
                    body["priority"] = (Queue.Document?.Queued.Select(run => run.Priority).DefaultIfEmpty(0).Max() ?? 0) + 1;
                }

                queued.Add(await Api.SubmitAsync(body, _keys.For(body), CancellationToken.None));
            }
        }
        catch (ApiException refusal)
        {
            (_context.AllErrors, _general) = (refusal.Errors, refusal.Errors.Count == 0 ? refusal.Message : null);
        }
        catch (HttpRequestException)
        {
            Toasts.Add("The server cannot be reached. Queue again when the connection is back: nothing is queued twice.", Severity.Error);
        }
        finally
        {
            _busy = false;
        }

        Tell(queued);
    }

    private void Tell(List<RunDocument> queued)
    {
        if (queued.Count == 0)
        {
            return;
        }

        _keys.Forget();
        RunDocument run = queued[0];
        Toasts.Add(
            queued.Count > 1 ? $"{queued.Count} runs are queued." : run.QueuePosition is int position ? $"{run.Name} is queued #{position}." : $"{run.Name} is queued.",
            Severity.Success);
        if (queued.Count == RunCount)
        {
            Navigation.NavigateTo(queued.Count == 1 ? $"runs/{run.Id}" : "runs");
        }
    }
}
