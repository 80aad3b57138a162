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
/// Form that composes a sweep over fields of the run form. Before anything is created, the server returns a preview (runs, hours,
/// errors); the form has no rules of its own. Its input is kept in the URL.
/// </summary>
public sealed partial class NewSweepPage
{
    private const int ConfirmationThreshold = 500;
    private const string Rows = "trainSamples";

    private static readonly TimeSpan _debounceDelay = TimeSpan.FromMilliseconds(400);
    private static readonly FormField _rate = FormFields.Of("learningRate") with { Help = "Empty: the default of the method" };
    private static readonly FormField _rateB = FormFields.Of("learningRateB") with { Help = "Empty: lrRatio × ηA" };
    private static readonly FormField _seed = FormFields.Of("seed") with { Help = "Same for all runs" };

    /// <summary>The evaluation fields that a sweep does not set itself.</summary>
    private static readonly IReadOnlyList<FormField> _evaluation =
        [.. FormFields.Evaluation.Where(field => SpecFieldCatalog.Default[field.Name].NotSearched is null)];

    private readonly SpecForm _form = new();
    private readonly SpecFormContext _context;
    private readonly SweepForm _sweep = new();
    private bool _busy;
    private SweepPreview? _preview;
    private IReadOnlyDictionary<string, IReadOnlyList<string>> _errors = new Dictionary<string, IReadOnlyList<string>>();
    private IReadOnlyList<string> _messages = [];
    private readonly SubmissionKeys _keys = new();

    public NewSweepPage() => _context = new SpecFormContext(_form, OnChanged)
    {
        Dataset = () => Catalog.Datasets.FirstOrDefault(entry => entry.Name == _form.Text("dataset")),
        Method = () => Catalog.Method(_form.Method),
    };

    [SupplyParameterFromQuery(Name = "set")]
    public string? Set { get; set; }

    [SupplyParameterFromQuery(Name = "sweep")]
    public string? SweepInUrl { get; set; }

    private bool NeedsConfirmation => _preview?.Runs > ConfirmationThreshold && _sweep.Text("confirm") != "true";

    private JsonObject Plan => _sweep.Plan(_form.Minimal());

    private string Curl => $"""
        curl -sS {Navigation.BaseUri}{ApiRoutes.Sweeps.TrimStart('/')} \
          -H 'Content-Type: application/json' \
          -d '{Plan.ToJsonString(ContractJson.Indented).Replace("'", "'\\''", StringComparison.Ordinal)}'
        """;

    protected override Task OnInitializedAsync() => ShowAsync("sweep", keep: false);

    protected override async Task<CatalogState> FetchAsync(CancellationToken cancellationToken)
    {
        await Catalog.EnsureAllAsync();
        cancellationToken.ThrowIfCancellationRequested();
        _form.Start(null);
        _form.Apply(Set);
        ReserveSelectionRows();
        _sweep.Start(SweepInUrl);
        _ = PreviewAsync();
        return Catalog;
    }

    /// <summary>
    /// A sweep selects on held-out training rows. If the default <c>trainSamples</c> would use all rows, the form starts with a quarter
    /// of them.
    /// </summary>
    private void ReserveSelectionRows()
    {
        int rows = Catalog.Datasets.FirstOrDefault(entry => entry.Name == _form.Text("dataset"))?.TrainRows ?? 0;
        if (!_context.Differs(Rows) && rows > 0 && rows <= new RunSpec().TrainSamples)
        {
            _form.Set(Rows, rows / 4);
        }
    }

    private void Type(FormField field, string? text)
    {
        _form.SetText(field, text);
        OnChanged();
    }

    private void OnChanged()
    {
        _ = PreviewAsync();
        StateHasChanged();
    }

    /// <summary>Requests a preview of the sweep from the server, debounced while the user types.</summary>
    private async Task PreviewAsync()
    {
        CancellationToken cancellationToken = Checks.Begin();
        _preview = null;
        try
        {
            await Task.Delay(_debounceDelay, cancellationToken);
            Url.Set(new Dictionary<string, string?> { ["set"] = _form.Changes(), ["sweep"] = _sweep.UrlValue() });
            SweepPreview preview = await Api.PreviewSweepAsync(Plan, cancellationToken);
            SetResult(preview, new Dictionary<string, IReadOnlyList<string>>(), []);
        }
        catch (ApiException refusal)
        {
            SetResult(null, refusal.Errors, refusal.Errors.Count == 0
                ? [refusal.Message]
                : [.. refusal.Errors.Values.SelectMany(messages => messages).Distinct()]);
        }
        catch (HttpRequestException)
        {
            SetResult(null, new Dictionary<string, IReadOnlyList<string>>(), [$"{ApiException.Unreachable} The sweep was not validated."]);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        StateHasChanged();
    }

    private void SetResult(SweepPreview? preview, IReadOnlyDictionary<string, IReadOnlyList<string>> errors, IReadOnlyList<string> messages)
    {
        (_preview, _errors, _messages) = (preview, errors, messages);
        _context.AllErrors = errors;
    }

    private async Task CreateAsync()
    {
        _busy = true;
        JsonObject plan = Plan;
        try
        {
            SweepDocument sweep = await Api.CreateSweepAsync(plan, _keys.For(plan), CancellationToken.None);
            Toasts.Add($"Sweep {sweep.Name} started.", Severity.Success);
            Navigation.NavigateTo($"sweeps/{sweep.Id}");
        }
        catch (ApiException refusal)
        {
            SetResult(null, refusal.Errors, [refusal.Message]);
        }
        catch (HttpRequestException)
        {
            Toasts.Add(
                $"{ApiException.Unreachable} Submit again when the connection is restored; the sweep will not be created twice.",
                Severity.Error);
        }
        finally
        {
            _busy = false;
        }
    }
}
