using System.Globalization;
using LoraLab.Contracts;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using LoraLab.Web.Api;
using LoraLab.Web.State;
using Microsoft.AspNetCore.Components;

namespace LoraLab.Web.Pages.Playground;

/// <summary>Asks a base model and up to three trained runs the same question. The question is in the address; asking is not.</summary>
public sealed partial class PlaygroundPage
{
    private const int Listed = 100;

    private static readonly string _limits =
        $"Up to {PredictLimits.Inputs} inputs, {NumberFormat.Count(PredictLimits.Tokens)} tokens and {PredictLimits.Seconds} s. "
        + "Computed on the server, beside a run with one thread, which marks the times of that run.";

    private static readonly (PlaygroundInput Input, string Name)[] _inputs =
    [
        (PlaygroundInput.Row, "One input"),
        (PlaygroundInput.List, "A list"),
        (PlaygroundInput.Prompt, "A prompt to complete"),
    ];

    private readonly LatestOnly _question = new();
    private IReadOnlyList<RunDocument> _runs = [];
    private IReadOnlyList<string> _unknown = [];
    private IReadOnlyList<string> _asked = [];
    private IReadOnlyList<PlaygroundAnswer>? _answers;
    private string? _problem;
    private string? _shown;
    private bool _asking;

    public PlaygroundPage() : base(drawPause: TimeSpan.FromSeconds(1), loadPause: TimeSpan.FromSeconds(2))
    {
    }

    [SupplyParameterFromQuery(Name = "model")]
    public string? Model { get; set; }

    /// <summary>Ids of runs, separated by commas.</summary>
    [SupplyParameterFromQuery(Name = "runs")]
    public string? Runs { get; set; }

    /// <summary><c>0</c>: the base model is not asked beside the runs.</summary>
    [SupplyParameterFromQuery(Name = "base")]
    public string? Base { get; set; }

    /// <summary>Dataset whose prompt and labels the model alone is asked with.</summary>
    [SupplyParameterFromQuery(Name = "dataset")]
    public string? Dataset { get; set; }

    /// <summary><c>list</c> or <c>prompt</c>; null: one input.</summary>
    [SupplyParameterFromQuery(Name = "input")]
    public string? Input { get; set; }

    [SupplyParameterFromQuery(Name = "text")]
    public string? Text { get; set; }

    [SupplyParameterFromQuery(Name = "tokens")]
    public string? MaxTokens { get; set; }

    [SupplyParameterFromQuery(Name = "temperature")]
    public string? Temperature { get; set; }

    [SupplyParameterFromQuery(Name = "seed")]
    public string? Seed { get; set; }

    private RunDocument? First => _runs.FirstOrDefault();

    private IReadOnlyList<string> Models =>
        [.. Catalog.Models.Where(model => model.Usable).Select(model => model.Name).Append(First?.Spec.Model).OfType<string>().Distinct()];

    private IReadOnlyList<DatasetEntry> Datasets => [.. Catalog.Datasets.Where(dataset => dataset.Usable)];

    /// <summary>The dataset whose columns the inputs have.</summary>
    private DatasetEntry? Entry => First is RunDocument run
        ? Catalog.Datasets.FirstOrDefault(dataset => dataset.Name == run.Spec.Dataset)
        : Datasets.FirstOrDefault(dataset => dataset.Name == Dataset) ?? (Datasets.Count > 0 ? Datasets[0] : null);

    /// <summary>Completed runs that can be asked beside those chosen: of their model and task.</summary>
    private IReadOnlyList<RunDocument> Addable =>
    [
        .. (Content ?? []).Where(run => _runs.All(chosen => chosen.Id != run.Id)
            && (First is null || (run.Spec.Model == First.Spec.Model && run.Task == First.Task))),
    ];

    private IReadOnlyCollection<string> AddableNames => [.. Addable.Select(run => run.Name)];

    private IReadOnlyCollection<string> ChosenNames => [.. _runs.Select(run => run.Name)];

    private bool Generates => Form.Input == PlaygroundInput.Prompt || First?.Task == TaskDescriptors.Completion.Id;

    private string ListTitle => Form.Columns.Count > 1
        ? $"One input per line: {string.Join(", ", Form.Columns)}, separated by tabs"
        : "One input per line";

    private PlaygroundForm Form => new()
    {
        Model = First?.Spec.Model ?? (Models.Contains(Model) ? Model : Models.Count > 0 ? Models[0] : null),
        Runs = [.. _runs.Select(run => run.Id)],
        Base = Base != "0" || _runs.Count == 0,
        Input = Enum.TryParse(Input, ignoreCase: true, out PlaygroundInput input) && Enum.IsDefined(input) ? input : PlaygroundInput.Row,
        Text = Text ?? "",
        Columns = Entry?.Columns is { Count: > 0 } columns ? columns : ["sentence"],
        Template = Entry?.Prompt,
        Labels = Entry?.Labels ?? [],
    };

    protected override Task OnParametersSetAsync() => ShowAsync($"runs {Runs}", keep: true);

    /// <summary>Completed runs, and those of the address, which may not be among them.</summary>
    protected override async Task<IReadOnlyList<RunDocument>> FetchAsync(CancellationToken cancellationToken)
    {
        string? address = Runs;
        if (_shown != address)
        {
            // What is being asked is asked of other runs.
            _question.Cancel();
        }

        Task catalog = Catalog.EnsureAllAsync();
        RunQuery query = new() { States = ["completed"], Sort = "-createdAt", Limit = Listed };
        RunList list = await Api.ListRunsAsync(query, cancellationToken);
        await catalog;
        List<RunDocument> found = [];
        List<string> unknown = [];
        foreach (string id in PageUrl.List(address).Distinct().Take(PredictLimits.Runs))
        {
            try
            {
                found.Add(list.Items.FirstOrDefault(run => run.Id == id) ?? await Api.GetRunAsync(id, cancellationToken));
            }
            catch (ApiException refusal) when (refusal.NotFound)
            {
                unknown.Add(id);
            }
        }

        cancellationToken.ThrowIfCancellationRequested();
        (_runs, _unknown) = (found, unknown);
        if (_shown != address)
        {
            (_shown, _answers, _problem) = (address, null, null);
        }

        return list.Items;
    }

    protected override void OnClosed() => _question.Dispose();

    private async Task AskAsync()
    {
        PlaygroundForm form = Form with { Generate = Generates ? Options() : null };
        _problem = form.Problem;
        if (_problem is not null)
        {
            return;
        }

        CancellationToken current = _question.Begin();
        (_asking, _answers) = (true, null);
        try
        {
            ModelPredictResult result = await Api.PredictAsync(form.Request(), current);
            _asked = form.Input == PlaygroundInput.Prompt ? [form.Text] : [.. form.Rows.Select(cells => string.Join('\n', cells))];
            _answers = PlaygroundAnswer.Of(result, form.Model ?? "", _runs);
        }
        catch (ApiException refusal)
        {
            _problem = string.Join(' ', refusal.Errors.Values.SelectMany(messages => messages).DefaultIfEmpty(refusal.Message));
        }
        catch (HttpRequestException)
        {
            _problem = ApiException.Unreachable;
        }
        catch (OperationCanceledException)
        {
            // Cancelled, or the page was closed.
        }
        finally
        {
            // The button is disabled meanwhile, so that there is no later question.
            _asking = false;
        }
    }

    private void Cancel() => _question.Cancel();

    private GenerateOptions Options() => new()
    {
        MaxTokens = int.TryParse(MaxTokens, NumberStyles.Integer, CultureInfo.InvariantCulture, out int count)
            ? count
            : new GenerateOptions().MaxTokens,
        Temperature = double.TryParse(Temperature, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value : null,
        Seed = long.TryParse(Seed, NumberStyles.Integer, CultureInfo.InvariantCulture, out long seed) ? seed : 0,
    };

    private void Set(string name, string? value) => Url.Set(name, value);

    private void Choose(PlaygroundInput input) =>
        Set("input", input == PlaygroundInput.Row ? null : input.ToString().ToLowerInvariant());

    private void Add(ChangeEventArgs change)
    {
        if (change.Value is string { Length: > 0 } id)
        {
            SetRuns(_runs.Select(run => run.Id).Append(id));
        }
    }

    private void Remove(string id) => SetRuns(_runs.Select(run => run.Id).Where(other => other != id));

    private void SetRuns(IEnumerable<string> ids) => Url.Set("runs", string.Join(',', ids), replace: false);
}
