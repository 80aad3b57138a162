using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Runs;
using LoraLab.Web.Api;
using LoraLab.Web.Components;
using LoraLab.Web.State;
using Microsoft.AspNetCore.Components;
using MudBlazor;

namespace LoraLab.Web.Pages.NewRun;

/// <summary>
/// The form that writes a specification and queues it, once or for several seeds and methods. The server validates every change by a dry
/// run; the form itself has no rules. Changes are kept in the URL, so that they survive a reload.
/// </summary>
public sealed partial class NewRunPage
{
    private static readonly FormField _rate = FormFields.Of("learningRate");
    private static readonly FormField _rateB = FormFields.Of("learningRateB") with { Help = "Empty: lrRatio × ηA" };
    private static readonly FormField _seed = FormFields.Of("seed") with { Kind = FieldKind.Text };
    private static readonly FormField _tagsField = FormFields.Of("tags");

    private static readonly TimeSpan _typingPause = TimeSpan.FromMilliseconds(350);

    private readonly SpecForm _form = new();
    private readonly SpecFormContext _context;
    private bool _allMethods;
    private bool _busy;
    private string _seeds = "42";
    private string _tags = "";
    private string? _generalError;
    private DryRunResult? _dryRun;
    private IReadOnlyList<MethodPreview> _previews = [];
    private readonly SubmissionKeys _keys = new();

    private EstimateRequest _memory = null!;

    public NewRunPage() => _context = new SpecFormContext(_form, OnChanged)
    {
        Dataset = () => Catalog.Datasets.FirstOrDefault(entry => entry.Name == _form.Text("dataset")),
        Method = () => Catalog.Method(_form.Method),
    };

    [SupplyParameterFromQuery(Name = "from")]
    public string? From { get; set; }

    [SupplyParameterFromQuery(Name = "set")]
    public string? Set { get; set; }

    [SupplyParameterFromQuery(Name = "seeds")]
    public string? SeedsInAddress { get; set; }

    [SupplyParameterFromQuery(Name = "methods")]
    public string? MethodsInAddress { get; set; }

    private MethodDescriptor? Descriptor => Catalog.Method(_form.Method);

    private IReadOnlyList<string> Seeds => SeedList.Read(_seeds).Words;

    private IReadOnlyList<MethodDescriptor?> Methods => _allMethods && Catalog.Methods.Count > 0 ? [.. Catalog.Methods] : [Descriptor];

    private int RunCount => Math.Max(Seeds.Count, 1) * Methods.Count;

    private bool CanSubmit => !_busy && _context.AllErrors.Count == 0 && _generalError is null && SeedError is null && !TooMany;

    private string? GeneralError => TooMany
        ? $"These are {NumberFormat.Count(RunCount)} runs; at most {BatchRequest.MaximumRuns} are queued at once."
        : _generalError;

    private string? SeedError => SeedList.Read(_seeds).Error;

    private bool TooMany => RunCount > BatchRequest.MaximumRuns;

    private string SeedHelp => Seeds.Count > 1
        ? $"{NumberFormat.Count(Seeds.Count)} seeds: one run each"
        : "Several, such as 1, 2, 3, create one run each";

    private FormField RateField => _rate with { Label = SeparateRates ? $"{_rate.Label} ηA" : _rate.Label, Help = RateHelp };

    /// <summary>Whether the form has separate learning rates for A and B.</summary>
    private bool SeparateRates => Descriptor?.HasLearningRateB == true && !_allMethods;

    private string RateHelp => _allMethods ? "Empty: each method's default" : $"Empty: the default of {Descriptor?.Name ?? "the method"}";

    private string RatePlaceholder => _allMethods ? "each method's default" : Format.Rate(Descriptor?.DefaultLearningRate);

    private string RateBPlaceholder => _dryRun?.Spec.LearningRateB is double rate ? Format.Rate(rate)
        : Descriptor?.Options.Any(option => option.Name == "lrRatio") == true ? "lrRatio × ηA"
        : "ηA";

    private IReadOnlyDictionary<string, string> NamePlaceholder =>
        _dryRun is null ? new Dictionary<string, string>() : new Dictionary<string, string> { ["name"] = _dryRun.Name };

    protected override void OnInitialized()
    {
        base.OnInitialized();
        _memory = new EstimateRequest(Api);
    }

    protected override Task OnParametersSetAsync() => ShowAsync($"from {From}", keep: false);

    protected override async Task<FormStart> FetchAsync(CancellationToken cancellationToken)
    {
        await Catalog.EnsureAllAsync();
        FormStart start = string.IsNullOrEmpty(From)
            ? new(null, null)
            : new(await Api.GetRunAsync(From, cancellationToken), await Api.CloneTemplateAsync(From, cancellationToken));
        cancellationToken.ThrowIfCancellationRequested();
        _form.Start(start.Template?.Spec);
        _context.UsedByClone = start.Template?.Used ?? new Dictionary<string, string>();
        _form.Apply(Set);
        _allMethods = MethodsInAddress == "all";
        _seeds = SeedsInAddress ?? _form.Text("seed");
        _tags = string.Join(", ", (_form.Values["tags"] as JsonArray ?? []).Select(tag => tag?.ToString()));
        _ = CheckAsync();
        return start;
    }

    private void StartOver()
    {
        _form.Start(Content?.Template?.Spec);
        (_allMethods, _seeds, _tags) = (false, _form.Text("seed"), "");
        OnChanged();
    }

    private void SetAllMethods(bool all)
    {
        _allMethods = all;
        OnChanged();
    }

    private void SetNullable(string field, string? text)
    {
        string typed = (text ?? "").Trim();
        _form.Set(field, typed.Length == 0 ? null : SpecForm.Number(typed));
        OnChanged();
    }

    private void SetSeeds(string? text)
    {
        _seeds = text ?? "";
        _form.Set("seed", SpecForm.Number(Seeds.FirstOrDefault() ?? ""));
        OnChanged();
    }

    private void SetTags(string? text)
    {
        _tags = text ?? "";
        _form.Set("tags", new JsonArray([.. _tags.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Distinct().Select(tag => (JsonNode)tag)]));
        OnChanged();
    }

    private void OnChanged()
    {
        _ = CheckAsync();
        StateHasChanged();
    }

    /// <summary>Validates the specification on the server after a pause in typing.</summary>
    private async Task CheckAsync()
    {
        CancellationToken cancellationToken = Checks.Begin();
        try
        {
            await Task.Delay(_typingPause, cancellationToken);
            WriteAddress();
            SpecValidation result = await SpecValidation.ValidateAsync(
                Api, [.. Specs().Select(spec => spec.Body)], _form.Method, cancellationToken);
            (_dryRun, _context.AllErrors, _generalError) = (result.DryRun, result.Errors, result.GeneralError);
            _previews = result.Previews;
            if (_dryRun is null)
            {
                _memory.Clear();
            }
            else
            {
                JsonObject own = Specs().First(spec => spec.Body["method"]?.ToString() == _form.Method).Body;
                await _memory.UpdateAsync(own, StateHasChanged, cancellationToken);
                StateHasChanged();
                await EstimateAllAsync(cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            return;
        }

        StateHasChanged();
    }

    /// <summary>Adds the memory of each method to its preview, one after another.</summary>
    private async Task EstimateAllAsync(CancellationToken cancellationToken)
    {
        if (_previews.Count < 2)
        {
            return;
        }

        for (int i = 0; i < _previews.Count; i++)
        {
            MethodPreview preview = await _previews[i].WithMemoryAsync(Api, cancellationToken);
            cancellationToken.ThrowIfCancellationRequested();
            _previews = [.. _previews.Take(i), preview, .. _previews.Skip(i + 1)];
            StateHasChanged();
        }
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

    /// <summary>The runs that the form creates, one per method and seed.</summary>
    private List<RunVariant> Specs()
    {
        List<RunVariant> specs = [];
        foreach (MethodDescriptor? method in Methods)
        {
            foreach (string seed in Seeds.DefaultIfEmpty(""))
            {
                specs.Add(RunVariant.Create(
                    _form, method?.Id == _form.Method ? null : method, SpecForm.Number(seed), Methods.Count > 1, Seeds.Count > 1));
            }
        }

        return specs;
    }

    private async Task SubmitAsync(bool first)
    {
        _busy = true;
        // From here on the response to the submission counts, not that of an earlier validation.
        Checks.Cancel();
        WriteAddress();
        try
        {
            IReadOnlyList<JsonObject> bodies = [.. Specs().Select(spec => Prioritized(spec.Body, first))];
            if (bodies is [JsonObject only])
            {
                RunDocument run = await Api.SubmitAsync(only, _keys.For(only), CancellationToken.None);
                ReportQueued(
                    run.QueuePosition is int position
                        ? $"Queued {run.Name} at position {NumberFormat.Count(position)}."
                        : $"Queued {run.Name}.",
                    $"runs/{run.Id}");
                return;
            }

            JsonObject all = new() { ["runs"] = new JsonArray([.. bodies]) };
            BatchResult queued = await Api.SubmitAllAsync(all, _keys.For(all), CancellationToken.None);
            ReportQueued($"Queued {NumberFormat.Count(queued.Items.Count)} runs.", "runs");
        }
        catch (ApiException refusal)
        {
            (_context.AllErrors, _generalError) =
                (FormErrors.ByField(refusal.Errors), refusal.Errors.Count == 0 ? refusal.Message : null);
        }
        catch (HttpRequestException)
        {
            Toasts.Add(
                $"{ApiException.Unreachable} Submit again when the connection is restored; no run will be queued twice.", Severity.Error);
        }
        finally
        {
            _busy = false;
        }
    }

    private JsonObject Prioritized(JsonObject spec, bool first)
    {
        JsonObject body = SpecForm.Copy(spec);
        if (first)
        {
            body["priority"] = (Queue.Document?.Queued.Select(run => run.Priority).DefaultIfEmpty(0).Max() ?? 0) + 1;
        }

        return body;
    }

    private void ReportQueued(string message, string next)
    {
        _keys.Clear();
        Toasts.Add(message, Severity.Success);
        Navigation.NavigateTo(next);
    }
}
