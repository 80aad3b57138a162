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
/// Writes a plan and starts it. The server completes and judges it after every change; the form itself knows no rule. The plan stands in the
/// address, so that a reload keeps it and a link hands it on.
/// </summary>
public sealed partial class NewStudyPage
{
    /// <summary>A study of more runs is started only by somebody who says that it is meant.</summary>
    private const int MostWithoutAsking = 500;
    private const int LargestFile = 1024 * 1024;

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(350);
    private static readonly IReadOnlyList<FormField> s_protocolFields = [.. StudyForm.Adapter.Where(field => !field.Advanced), .. StudyForm.Data, .. StudyForm.Adapter.Where(field => field.Advanced)];

    private readonly StudyForm _form = new();
    private readonly StudyFormContext _context;
    private readonly Dictionary<string, StudyPlan> _grounds = [];
    private IReadOnlyList<StudyTemplate> _templates = [];
    private readonly LatestOnly _checking = new();
    private StudyPreview? _preview;
    private string? _failure;
    private string? _general;
    private string? _fileProblem;
    private string? _loadedFrom;
    private JsonObject? _early;
    private bool _ready;
    private bool _asking;
    private bool _busy;
    private readonly SubmissionKeys _keys = new();

    public NewStudyPage() => _context = new StudyFormContext(_form, OnChanged);

    [SupplyParameterFromQuery(Name = "template")]
    public string? TemplateInAddress { get; set; }

    [SupplyParameterFromQuery(Name = "size")]
    public string? SizeInAddress { get; set; }

    /// <summary>What the plan says beside template and size, as JSON.</summary>
    [SupplyParameterFromQuery(Name = "plan")]
    public string? PlanInAddress { get; set; }

    /// <summary>A study whose plan is taken.</summary>
    [SupplyParameterFromQuery(Name = "from")]
    public string? From { get; set; }

    private StudySize? ChosenSize => _templates.FirstOrDefault(template => template.Id == _form.Template)?.Sizes.FirstOrDefault(size => size.Id == _form.Size);

    private long Runs => (long)(_preview?.SelectionRuns ?? 0) + (_preview?.ReportedRuns ?? 0);

    private bool CanStart => _preview is not null && !_busy && !_asking;

    protected override async Task OnParametersSetAsync()
    {
        if (_loadedFrom != (From ?? ""))
        {
            _loadedFrom = From ?? "";
            await LoadAsync();
        }
    }

    public void Dispose() => _checking.Dispose();

    private async Task LoadAsync()
    {
        (_ready, _failure) = (false, null);
        StudyDocument? source;
        try
        {
            await Catalog.EnsureAllAsync();
            _templates = await Api.StudyTemplatesAsync(CancellationToken.None);
            source = string.IsNullOrEmpty(From) || PlanInAddress is not null ? null : await Api.GetStudyAsync(From, CancellationToken.None);
        }
        catch (Exception failure) when (failure is ApiException or HttpRequestException)
        {
            _failure = ApiException.Sentence(failure);
            return;
        }

        Start(_early ?? (source is null ? InAddress() : Reopen(source.Plan)));
        (_ready, _early) = (true, null);
        await CheckAsync();
    }

    private static JsonObject Reopen(StudyPlan plan) => PlanJson.Of(plan with { Name = null });

    private JsonObject InAddress()
    {
        JsonObject plan = [];
        try
        {
            plan = JsonNode.Parse(PlanInAddress ?? "{}") as JsonObject ?? [];
        }
        catch (JsonException)
        {
            // An address that was cut off in a mail: the form starts with the template alone.
        }

        StudyTemplate? first = _templates.FirstOrDefault();
        if (TemplateInAddress is not null)
        {
            (plan["template"], plan["size"]) = (TemplateInAddress, SizeInAddress);
        }
        else if (PlanInAddress is null && first is not null)
        {
            (plan["template"], plan["size"]) = (first.Id, first.Sizes.FirstOrDefault()?.Id);
        }

        return plan;
    }

    private void Choose((StudyTemplate Template, StudySize Size) choice)
    {
        // Model and data stay; grids, seeds and protocol are the template's.
        JsonObject plan = new() { ["template"] = choice.Template.Id, ["size"] = choice.Size.Id };
        foreach (string member in (string[])["model", "dataset", "profile", "name", "notes"])
        {
            if (_form.Head(member) is string value)
            {
                plan[member] = value;
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
        else if (_templates is [{ Sizes: [StudySize size, ..] } first, ..])
        {
            (plan["template"], plan["size"]) = (first.Id, size.Id);
        }

        Start(plan);
        OnChanged();
    }

    private void Start(JsonObject plan)
    {
        _context.Ground = null;
        _form.Start(plan);
    }

    private void LeaveOut(string field)
    {
        _form.Others.Remove(field);
        OnChanged();
    }

    private async Task LoadFileAsync(InputFileChangeEventArgs chosen)
    {
        _fileProblem = null;
        if (chosen.File.Size > LargestFile)
        {
            _fileProblem = $"{chosen.File.Name} is larger than a plan can be ({Format.Bytes(chosen.File.Size)}). Choose the JSON file of a plan.";
            return;
        }

        using StreamReader reader = new(chosen.File.OpenReadStream(LargestFile));
        (JsonObject? plan, string? problem) = PlanJson.Read(await reader.ReadToEndAsync());
        if (plan is null)
        {
            _fileProblem = $"{chosen.File.Name} is not loaded: {problem}";
            return;
        }

        if (!_ready)
        {
            // The templates are still on their way: what starts the form then must not take the file's place.
            _early = plan;
            return;
        }

        Start(plan);
        OnChanged();
    }

    private async Task DownloadAsync()
    {
        JsonObject plan = _preview is null ? _form.Plan() : PlanJson.Of(_preview.Plan);
        await Js.InvokeVoidAsync("loralab.download", PlanJson.FileName(plan["name"]?.ToString() ?? "study"), "application/json", plan.ToJsonString(ContractJson.Indented));
    }

    private void OnChanged()
    {
        _ = CheckAsync();
        StateHasChanged();
    }

    /// <summary>Asks the server, when nothing was typed for a moment, what it makes of the plan as it stands.</summary>
    private async Task CheckAsync()
    {
        CancellationToken cancellationToken = _checking.Begin();
        _asking = true;
        try
        {
            await Task.Delay(s_pause, cancellationToken);
            WriteAddress();
            await TakeGroundAsync(cancellationToken);
            (StudyPreview? preview, StudyErrors errors, string? general) = await AskAsync(_form.Plan(), cancellationToken);
            (_preview, _general) = (preview, general);
            _context.Take(errors);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        _asking = false;
        StateHasChanged();
    }

    /// <summary>What the template is for this model, data set and profile: the values that fields show until they are changed.</summary>
    private async Task TakeGroundAsync(CancellationToken cancellationToken)
    {
        JsonObject? question = _form.GroundQuestion();
        StudyPlan? ground = null;
        if (question is not null)
        {
            string key = question.ToJsonString();
            if (!_grounds.TryGetValue(key, out ground))
            {
                (StudyPreview? preview, _, _) = await AskAsync(question, cancellationToken);
                ground = preview?.Plan ?? ChosenSize?.Plan;
                if (preview is not null)
                {
                    _grounds[key] = preview.Plan;
                }
            }
        }

        if (!ReferenceEquals(ground, _context.Ground))
        {
            _context.Ground = ground;
            _form.Ground(ground);
        }
    }

    private async Task<(StudyPreview? Preview, StudyErrors Errors, string? General)> AskAsync(JsonObject plan, CancellationToken cancellationToken)
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
            return (null, StudyErrors.None, "The server cannot be reached, so the plan is not checked.");
        }
    }

    private void WriteAddress()
    {
        JsonObject plan = _form.Plan();
        plan.Remove("template");
        plan.Remove("size");
        bool own = plan.Count > 0 || _form.Template is null;
        Url.Set(new Dictionary<string, string?>
        {
            ["template"] = _form.Template,
            ["size"] = _form.Size,
            ["plan"] = own ? plan.ToJsonString(ContractJson.Options) : null,
        });
    }

    private async Task StartAsync()
    {
        bool many = Runs > MostWithoutAsking;
        if (many && !await ConfirmDialog.AskAsync(Dialogs, $"Start {Format.Count(Runs)} runs?", $"That is more than {MostWithoutAsking}{(_preview?.DeviceHours is double hours ? $", about {Format.Duration(hours * 3600)} on the device" : "")}. The study can be cancelled while it goes on; what has finished stays.", "Start them"))
        {
            return;
        }

        _busy = true;
        // From here on the server's answer to the submission is what counts, not that to an earlier check.
        _checking.Cancel();
        JsonObject plan = _form.Plan();
        try
        {
            StudyDocument study = await Api.StartStudyAsync(plan, many, _keys.For(plan), CancellationToken.None);
            Toasts.Add($"{study.Name} has begun.", Severity.Success);
            Navigation.NavigateTo($"studies/{study.Id}");
        }
        catch (ApiException refusal)
        {
            _general = refusal.Errors.Count == 0 ? refusal.Message : null;
            _preview = refusal.Errors.Count == 0 ? _preview : null;
            _context.Take(new StudyErrors(refusal.Errors));
        }
        catch (HttpRequestException)
        {
            Toasts.Add("The server cannot be reached. Start again when the connection is back: nothing is started twice.", Severity.Error);
        }
        finally
        {
            _busy = false;
        }
    }
}
