using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Web.Api;
using LoraLab.Web.Components;
using LoraLab.Web.Pages.NewRun;
using LoraLab.Web.State;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;
using Microsoft.JSInterop;
using MudBlazor;

namespace LoraLab.Web.Pages.Studies;

/// <summary>
/// Form that composes a plan and starts the study. The server completes and validates the plan after every change; the form has no rules of
/// its own. The plan is kept in the URL, so it survives a reload and can be shared as a link.
/// </summary>
public sealed partial class NewStudyPage
{
    /// <summary>Starting a study with more runs than this requires confirmation.</summary>
    private const int ConfirmationThreshold = 500;
    private const int MaxFileBytes = 1024 * 1024;

    private static readonly TimeSpan _debounceDelay = TimeSpan.FromMilliseconds(350);
    private static readonly IReadOnlyList<FormField> _protocolFields =
    [
        .. StudyForm.Adapter.Where(field => !field.Advanced),
        .. StudyForm.Data,
        .. StudyForm.Adapter.Where(field => field.Advanced),
    ];

    private readonly StudyForm _form = new();
    private readonly StudyFormContext _context;
    private readonly Dictionary<string, StudyPlan> _defaultsByRequest = [];
    private StudyPreview? _preview;
    private string? _general;
    private string? _fileProblem;
    private JsonObject? _loadedPlan;
    private bool _previewPending;
    private bool _busy;
    private readonly SubmissionKeys _keys = new();

    public NewStudyPage() => _context = new StudyFormContext(
        _form, OnChanged, name => Catalog.Datasets.FirstOrDefault(entry => entry.Name == name));

    [SupplyParameterFromQuery(Name = "template")]
    public string? TemplateInUrl { get; set; }

    [SupplyParameterFromQuery(Name = "size")]
    public string? SizeInUrl { get; set; }

    /// <summary>The plan without template and size, as JSON.</summary>
    [SupplyParameterFromQuery(Name = "plan")]
    public string? PlanInUrl { get; set; }

    /// <summary>ID of a study whose plan is reused.</summary>
    [SupplyParameterFromQuery(Name = "from")]
    public string? From { get; set; }

    private IReadOnlyList<StudyTemplate> Templates => Content ?? [];

    private StudySize? SelectedSize =>
        Templates.FirstOrDefault(template => template.Id == _form.Template)?.Sizes.FirstOrDefault(size => size.Id == _form.Size);

    private string LargeStudyText =>
        $"The study has more than {NumberFormat.Count(ConfirmationThreshold, "run")}"
            + $"{(_preview?.DeviceHours is double hours ? $" and takes about {Format.Duration(hours * 3600)} of device time" : "")}. "
        + "It can be cancelled at any time; completed runs are kept.";

    private long Runs => (long)(_preview?.SelectionRuns ?? 0) + (_preview?.ReportedRuns ?? 0);

    private bool CanStart => _preview is not null && !_busy && !_previewPending;

    protected override Task OnParametersSetAsync() => ShowAsync($"from {From}", keep: false);

    protected override async Task<IReadOnlyList<StudyTemplate>> FetchAsync(CancellationToken cancellationToken)
    {
        await Catalog.EnsureAllAsync();
        IReadOnlyList<StudyTemplate> templates = await Api.StudyTemplatesAsync(cancellationToken);
        StudyDocument? source =
            string.IsNullOrEmpty(From) || PlanInUrl is not null ? null : await Api.GetStudyAsync(From, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        Start(_loadedPlan ?? (source is null ? PlanFromUrl(templates) : WithoutName(source.Plan)));
        _loadedPlan = null;
        _ = PreviewAsync();
        return templates;
    }

    private static JsonObject WithoutName(StudyPlan plan) => PlanJson.From(plan with { Name = null });

    private JsonObject PlanFromUrl(IReadOnlyList<StudyTemplate> templates)
    {
        JsonObject plan = [];
        try
        {
            plan = JsonNode.Parse(PlanInUrl ?? "{}") as JsonObject ?? [];
        }
        catch (JsonException)
        {
            // The URL was truncated, for example in an e-mail: the form starts with the template alone.
        }

        StudyTemplate? first = templates.FirstOrDefault();
        if (TemplateInUrl is not null)
        {
            (plan["template"], plan["size"]) = (TemplateInUrl, SizeInUrl);
        }
        else if (PlanInUrl is null && first is not null)
        {
            (plan["template"], plan["size"]) = (first.Id, first.Sizes.FirstOrDefault()?.Id);
        }

        return plan;
    }

    private void SelectTemplate((StudyTemplate Template, StudySize Size) selection)
    {
        // Model and data are kept; grids, seeds and protocol are replaced by those of the template.
        JsonObject plan = new() { ["template"] = selection.Template.Id, ["size"] = selection.Size.Id };
        foreach (string name in (string[])["model", "dataset", "profile", "name", "notes"])
        {
            if (_form.Member(name) is string value)
            {
                plan[name] = value;
            }
        }

        Start(plan);
        OnChanged();
    }

    private void StartOver()
    {
        JsonObject plan = [];
        if (_form.Template is string template)
        {
            (plan["template"], plan["size"]) = (template, _form.Size);
        }
        else if (Templates is [{ Sizes: [StudySize size, ..] } first, ..])
        {
            (plan["template"], plan["size"]) = (first.Id, size.Id);
        }

        Start(plan);
        OnChanged();
    }

    private void Start(JsonObject plan)
    {
        _context.Defaults = null;
        _form.Start(plan);
    }

    private void RemoveExtraField(string field)
    {
        _form.ExtraFields.Remove(field);
        OnChanged();
    }

    private async Task LoadFileAsync(InputFileChangeEventArgs change)
    {
        _fileProblem = null;
        if (change.File.Size > MaxFileBytes)
        {
            _fileProblem = $"{change.File.Name} is too large for a plan ({NumberFormat.Bytes(change.File.Size)}, "
                + $"the limit is {NumberFormat.Bytes(MaxFileBytes)}). Choose the JSON file of a plan.";
            return;
        }

        using StreamReader reader = new(change.File.OpenReadStream(MaxFileBytes));
        (JsonObject? plan, string? problem) = PlanJson.Read(await reader.ReadToEndAsync());
        if (plan is null)
        {
            _fileProblem = $"{change.File.Name} was not loaded: {problem}";
            return;
        }

        if (Content is null)
        {
            // The templates are still loading: when they arrive, the form must start with this plan.
            _loadedPlan = plan;
            return;
        }

        Start(plan);
        OnChanged();
    }

    private async Task DownloadAsync()
    {
        JsonObject plan = _preview is null ? _form.Plan() : PlanJson.From(_preview.Plan);
        await Js.InvokeVoidAsync(
            "loralab.download",
            PlanJson.FileName(plan["name"]?.ToString() ?? "study"),
            "application/json",
            plan.ToJsonString(ContractJson.Indented));
    }

    private void OnChanged()
    {
        _ = PreviewAsync();
        StateHasChanged();
    }

    /// <summary>Requests a preview of the plan from the server, debounced while the user types.</summary>
    private async Task PreviewAsync()
    {
        CancellationToken cancellationToken = Checks.Begin();
        _previewPending = true;
        try
        {
            await Task.Delay(_debounceDelay, cancellationToken);
            UpdateUrl();
            await LoadDefaultsAsync(cancellationToken);
            (StudyPreview? preview, StudyErrors errors, string? general) = await RequestPreviewAsync(_form.Plan(), cancellationToken);
            (_preview, _general) = (preview, general);
            _context.SetErrors(errors);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        _previewPending = false;
        StateHasChanged();
    }

    /// <summary>Completes the template for the model, dataset and profile: the values that fields show until they are changed.</summary>
    private async Task LoadDefaultsAsync(CancellationToken cancellationToken)
    {
        JsonObject? request = _form.DefaultsRequest();
        StudyPlan? defaults = null;
        if (request is not null)
        {
            string key = request.ToJsonString();
            if (!_defaultsByRequest.TryGetValue(key, out defaults))
            {
                (StudyPreview? preview, _, _) = await RequestPreviewAsync(request, cancellationToken);
                defaults = preview?.Plan ?? SelectedSize?.Plan;
                if (preview is not null)
                {
                    _defaultsByRequest[key] = preview.Plan;
                }
            }
        }

        if (!ReferenceEquals(defaults, _context.Defaults))
        {
            _context.Defaults = defaults;
            _form.SetDefaults(defaults);
        }
    }

    private async Task<(StudyPreview? Preview, StudyErrors Errors, string? General)> RequestPreviewAsync(
        JsonObject plan, CancellationToken cancellationToken)
    {
        try
        {
            return (await Api.PreviewStudyAsync(plan, cancellationToken), StudyErrors.None, null);
        }
        catch (ApiException refusal)
        {
            return (null, new StudyErrors(refusal.Errors), refusal.Errors.Count == 0 ? refusal.Message : null);
        }
        catch (HttpRequestException)
        {
            return (null, StudyErrors.None, $"{ApiException.Unreachable} The plan was not validated.");
        }
    }

    private void UpdateUrl()
    {
        JsonObject plan = _form.Plan();
        plan.Remove("template");
        plan.Remove("size");
        bool changed = plan.Count > 0 || _form.Template is null;
        Url.Set(new Dictionary<string, string?>
        {
            ["template"] = _form.Template,
            ["size"] = _form.Size,
            ["plan"] = changed ? plan.ToJsonString(ContractJson.Options) : null,
        });
    }

    private async Task StartAsync()
    {
        bool many = Runs > ConfirmationThreshold;
        if (many && !await ConfirmDialog.AskAsync(
            Dialogs, $"Start {NumberFormat.Count(Runs, "run")}?", LargeStudyText, $"Start {NumberFormat.Count(Runs, "run")}"))
        {
            return;
        }

        _busy = true;
        // The response to the submission supersedes that of any earlier preview.
        Checks.Cancel();
        JsonObject plan = _form.Plan();
        try
        {
            StudyDocument study = await Api.StartStudyAsync(plan, many, _keys.For(plan), CancellationToken.None);
            Toasts.Add($"Study {study.Name} started.", Severity.Success);
            Navigation.NavigateTo($"studies/{study.Id}");
        }
        catch (ApiException refusal)
        {
            _general = refusal.Errors.Count == 0 ? refusal.Message : null;
            _preview = refusal.Errors.Count == 0 ? _preview : null;
            _context.SetErrors(new StudyErrors(refusal.Errors));
        }
        catch (HttpRequestException)
        {
            Toasts.Add(
                $"{ApiException.Unreachable} Submit again when the connection is restored; the study will not be started twice.",
                Severity.Error);
        }
        finally
        {
            _busy = false;
        }
    }
}
