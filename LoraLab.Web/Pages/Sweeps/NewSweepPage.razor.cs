using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Contracts.Runs;
using LoraLab.Web.Api;
using LoraLab.Web.Pages.NewRun;
using LoraLab.Web.State;
using Microsoft.AspNetCore.Components;
using MudBlazor;

namespace LoraLab.Web.Pages.Sweeps;

/// <summary>
/// Writes a sweep over the fields of the run form. The server says what it would be (runs, hours, what is wrong) before anything is created; the
/// form knows no rule. What was typed stands in the address.
/// </summary>
public sealed partial class NewSweepPage
{
    private const int MostUnconfirmed = 500;

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(400);
    private static readonly FormField s_rate = new("learningRate", "Learning rate", FieldKind.Number, "Empty: the method's default") { Nullable = true };
    private static readonly FormField s_rateB = new("learningRateB", "Learning rate ηB", FieldKind.Number, "Empty: lrRatio × ηA") { Nullable = true, Placeholder = "lrRatio × ηA" };
    private static readonly FormField s_seed = new("seed", "Seed", FieldKind.Number, "The same in every run");
    private static readonly FormField[] s_evaluation = [.. FormFields.Evaluation.Where(field => field.Name != "evalSplit")];

    private readonly SpecForm _form = new();
    private readonly SpecFormContext _context;
    private readonly SweepForm _sweep = new();
    private bool _ready;
    private bool _busy;
    private string? _failure;
    private SweepPreview? _preview;
    private IReadOnlyDictionary<string, IReadOnlyList<string>> _errors = new Dictionary<string, IReadOnlyList<string>>();
    private IReadOnlyList<string> _sentences = [];
    private readonly LatestOnly _checking = new();
    private readonly SubmissionKeys _keys = new();

    public NewSweepPage() => _context = new SpecFormContext(_form, OnChanged);

    [SupplyParameterFromQuery(Name = "set")]
    public string? Set { get; set; }

    [SupplyParameterFromQuery(Name = "sweep")]
    public string? SweepInAddress { get; set; }

    private bool NeedsConfirmation => _preview?.Runs > MostUnconfirmed && _sweep.Text("confirm") != "true";

    private JsonObject Plan => _sweep.Plan(_form.Short());

    private string Curl => $"""
        curl -sS {Navigation.BaseUri}{ApiRoutes.Sweeps.TrimStart('/')} \
          -H 'Content-Type: application/json' \
          -d '{Plan.ToJsonString(ContractJson.Indented).Replace("'", "'\\''", StringComparison.Ordinal)}'
        """;

    protected override Task OnInitializedAsync() => LoadAsync();

    public void Dispose() => _checking.Dispose();

    private async Task LoadAsync()
    {
        _failure = null;
        try
        {
            await Catalog.EnsureAllAsync();
        }
        catch (Exception failure) when (failure is ApiException or HttpRequestException)
        {
            _failure = ApiException.Sentence(failure);
            return;
        }

        _form.Start(null);
        _form.Apply(Set);
        LeaveRowsToChooseOn();
        _sweep.Start(SweepInAddress);
        _ready = true;
        await CheckAsync();
    }

    /// <summary>A sweep chooses on training rows that no run trains on: where the contract's default takes all that there are, a quarter is where the form begins.</summary>
    private void LeaveRowsToChooseOn()
    {
        int rows = Catalog.Datasets.FirstOrDefault(entry => entry.Name == _form.Text("dataset"))?.TrainRows ?? 0;
        if (!_context.Differs("trainSamples") && rows > 0 && rows <= new RunSpec().TrainSamples)
        {
            _form.Set("trainSamples", rows / 4);
        }
    }

    private void Type(FormField field, string? text)
    {
        _form.Type(field, text);
        OnChanged();
    }

    private void OnChanged()
    {
        _ = CheckAsync();
        StateHasChanged();
    }

    /// <summary>Asks the server, when nothing was typed for a moment, what the sweep would be.</summary>
    private async Task CheckAsync()
    {
        CancellationToken cancellationToken = _checking.Begin();
        _preview = null;
        try
        {
            await Task.Delay(s_pause, cancellationToken);
            Url.Set(new Dictionary<string, string?> { ["set"] = _form.Changes(), ["sweep"] = _sweep.Address() });
            SweepPreview preview = await Api.PreviewSweepAsync(Plan, cancellationToken);
            Take(preview, new Dictionary<string, IReadOnlyList<string>>(), []);
        }
        catch (ApiException refusal)
        {
            Take(null, refusal.Errors, refusal.Errors.Count == 0 ? [refusal.Message] : [.. refusal.Errors.Values.SelectMany(sentences => sentences).Distinct()]);
        }
        catch (HttpRequestException)
        {
            Take(null, new Dictionary<string, IReadOnlyList<string>>(), ["The server cannot be reached, so the sweep is not checked."]);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        StateHasChanged();
    }

    private void Take(SweepPreview? preview, IReadOnlyDictionary<string, IReadOnlyList<string>> errors, IReadOnlyList<string> sentences)
    {
        (_preview, _errors, _sentences) = (preview, errors, sentences);
        _context.AllErrors = errors;
    }

    private async Task CreateAsync()
    {
        _busy = true;
        JsonObject plan = Plan;
        try
        {
            SweepDocument sweep = await Api.CreateSweepAsync(plan, _keys.For(plan), CancellationToken.None);
            Toasts.Add($"{sweep.Name} has begun.", Severity.Success);
            Navigation.NavigateTo($"sweeps/{sweep.Id}");
        }
        catch (ApiException refusal)
        {
            Take(null, refusal.Errors, [refusal.Message]);
        }
        catch (HttpRequestException)
        {
            Toasts.Add("The server cannot be reached. Start it again when the connection is back: nothing is created twice.", Severity.Error);
        }
        finally
        {
            _busy = false;
        }
    }
}
