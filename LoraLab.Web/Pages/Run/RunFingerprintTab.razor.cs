using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Web.Api;
using LoraLab.Web.Components;
using Microsoft.AspNetCore.Components;

namespace LoraLab.Web.Pages.Run;

/// <summary>The run's fingerprint, with a comparison to the paper's values if the run follows its protocol.</summary>
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
        // The fingerprint is completed when the run ends, so it is fetched again when the state changes.
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

    private static IEnumerable<(string Title, IReadOnlyList<(string Name, string Value, bool Hash)> Facts)> Groups(
        RunFingerprint fingerprint)
    {
        yield return ("Base model",
        [
            ("Model", fingerprint.Model.Name, false),
            ("Parameters", Format.Count(fingerprint.Model.Parameters), false),
            ("Weights", fingerprint.Model.WeightsSha256, true),
            ("config.json", fingerprint.Model.ConfigSha256, true),
            ("Tokenizer", fingerprint.Model.TokenizerSha256, true),
        ]);
        yield return ("Prompt and labels",
        [
            ("Prompt", fingerprint.Prompt.Name, false),
            ("Template and stripping", fingerprint.Prompt.Sha256, true),
            .. fingerprint.Prompt.LabelIds.Select(label => ($"Tokens of '{label.Key}'", string.Join(" ", label.Value), false)),
            ("Label tokens of all rows", fingerprint.Prompt.LabelIdsSha256, true),
        ]);
        yield return ("Training data",
        [
            ("Dataset", fingerprint.Training.Dataset, false),
            .. fingerprint.Training.FilesSha256.Select(file => (file.Key, file.Value, true)),
            ("Sentences", $"{Format.Count(fingerprint.Training.Sentences)} ({Counts(fingerprint.Training.Labels)})", false),
            ("Tokens per epoch", Format.Count(fingerprint.Training.EpochTokens), false),
            ("Selected rows, in order", fingerprint.Training.SubsetSha256, true),
            ("Steps", Format.Count(fingerprint.Training.Steps), false),
            ("Tokens consumed", Format.Count(fingerprint.Training.ConsumedTokens), false),
            .. Optional("Rows consumed, by step", fingerprint.Training.ConsumedSha256),
        ]);
        yield return ("Evaluation data",
        [
            ("Split", JsonNamingPolicy.CamelCase.ConvertName(fingerprint.Evaluation.Split.ToString()), false),
            ("Rows", $"{Format.Count(fingerprint.Evaluation.Rows)} ({Counts(fingerprint.Evaluation.Labels)})", false),
            ("Rows and labels", fingerprint.Evaluation.Sha256, true),
        ]);
        yield return ("Adapter",
        [
            .. fingerprint.Adapter.Svd.Select(svd => ("Decomposition", svd, false)),
            ("Initial factors", fingerprint.Adapter.InitialSha256, true),
            .. Optional("Final factors", fingerprint.Adapter.FinalSha256),
            .. fingerprint.Adapter.BestStep is int best
                ? (IEnumerable<(string, string, bool)>)[("Best evaluation", $"step {Format.Count(best)}", false)]
                : [],
        ]);
    }

    private static IEnumerable<(string, string, bool)> Optional(string name, string? hash) =>
        hash is null ? [(name, "not available yet", false)] : [(name, hash, true)];

    private static string Counts(IReadOnlyDictionary<string, int> counts) =>
        string.Join(", ", counts.Select(count => $"{count.Key} {Format.Count(count.Value)}"));

    /// <summary>A hash as its first twelve digits; any other value unchanged.</summary>
    private static string Short(string value) => value.Length == 64 ? value[..12] + "…" : value;

    private static string MatchLabel(bool? matches) => matches switch { true => "match", false => "mismatch", _ => "pending" };

    private static string MatchClass(bool? matches) => matches switch
    {
        true => "badge badge-completed",
        false => "badge badge-interrupted",
        _ => "badge",
    };
}
