using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Web.Api;
using LoraLab.Web.Components;
using Microsoft.AspNetCore.Components;

namespace LoraLab.Web.Pages.Run;

/// <summary>What the run really computed with, and the paper's own figures where it is the paper's protocol.</summary>
public sealed partial class RunFingerprintTab
{
    private RunFingerprint? _fingerprint;
    private string _json = "";
    private string? _failure;
    private string? _absent;
    private (string Run, RunState State)? _loaded;

    [Parameter, EditorRequired]
    public RunDocument Run { get; set; } = null!;

    protected override async Task OnParametersSetAsync()
    {
        // It is completed when the run ends, so a change of state may bring more of it.
        if (_loaded != (Run.Id, Run.State))
        {
            _loaded = (Run.Id, Run.State);
            await LoadAsync();
        }
    }

    private async Task LoadAsync()
    {
        (_failure, _absent) = (null, null);
        try
        {
            _fingerprint = await Api.FingerprintAsync(Run.Id, CancellationToken.None);
            _json = JsonSerializer.Serialize(_fingerprint, ContractJson.Indented);
        }
        catch (ApiException refused) when (refused.NotFound)
        {
            (_fingerprint, _absent) = (null, refused.Message);
        }
        catch (Exception problem) when (problem is ApiException or HttpRequestException)
        {
            _failure = problem.Message;
        }
    }

    private static IEnumerable<(string Title, IReadOnlyList<(string Name, string Value, bool Hash)> Facts)> Groups(RunFingerprint taken)
    {
        yield return ("Base model",
        [
            ("Model", taken.Model.Name, false),
            ("Parameters", Format.Count(taken.Model.Parameters), false),
            ("Weights", taken.Model.WeightsSha256, true),
            ("config.json", taken.Model.ConfigSha256, true),
            ("Tokenizer", taken.Model.TokenizerSha256, true),
        ]);
        yield return ("Prompt and labels",
        [
            ("Prompt", taken.Prompt.Name, false),
            ("Template and stripping", taken.Prompt.Sha256, true),
            .. taken.Prompt.LabelIds.Select(label => ($"Tokens of '{label.Key}'", string.Join(" ", label.Value), false)),
            ("Label tokens of all rows", taken.Prompt.LabelIdsSha256, true),
        ]);
        yield return ("Training data",
        [
            ("Data set", taken.Training.Dataset, false),
            .. taken.Training.FilesSha256.Select(file => (file.Key, file.Value, true)),
            ("Sentences", $"{Format.Count(taken.Training.Sentences)} ({Counts(taken.Training.Labels)})", false),
            ("Tokens an epoch", Format.Count(taken.Training.EpochTokens), false),
            ("Rows in order", taken.Training.SubsetSha256, true),
            ("Steps taken", Format.Count(taken.Training.Steps), false),
            ("Tokens consumed", Format.Count(taken.Training.ConsumedTokens), false),
            .. Optional("Rows consumed, step by step", taken.Training.ConsumedSha256),
        ]);
        yield return ("Evaluation data",
        [
            ("Split", JsonNamingPolicy.CamelCase.ConvertName(taken.Evaluation.Split.ToString()), false),
            ("Rows", $"{Format.Count(taken.Evaluation.Rows)} ({Counts(taken.Evaluation.Labels)})", false),
            ("Rows and labels", taken.Evaluation.Sha256, true),
        ]);
        yield return ("Adapter",
        [
            .. taken.Adapter.Svd.Select(svd => ("Decomposition", svd, false)),
            ("Factors at the start", taken.Adapter.InitialSha256, true),
            .. Optional("Factors at the end", taken.Adapter.FinalSha256),
        ]);
    }

    private static IEnumerable<(string, string, bool)> Optional(string name, string? hash) => hash is null ? [(name, "not known yet", false)] : [(name, hash, true)];

    private static string Counts(IReadOnlyDictionary<string, int> counts) =>
        string.Join(", ", counts.Select(count => $"{count.Key} {Format.Count(count.Value)}"));

    /// <summary>A hash by its first twelve digits; anything else as it is.</summary>
    private static string Short(string value) => value.Length == 64 ? value[..12] + "…" : value;

    private static string Words(bool? met) => met switch { true => "met", false => "not met", _ => "open" };

    private static string Look(bool? met) => met switch { true => "badge badge-completed", false => "badge badge-interrupted", _ => "badge" };
}
