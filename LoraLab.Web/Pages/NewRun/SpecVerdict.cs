using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Web.Api;

namespace LoraLab.Web.Pages.NewRun;

/// <summary>What the server says to the runs of the form before they are queued.</summary>
/// <param name="Plan">What the form's own method would do; null when something is wrong.</param>
/// <param name="Errors">Sentences by field.</param>
/// <param name="General">A sentence that is not about a field; null: none.</param>
internal sealed record SpecVerdict(DryRunResult? Plan, IReadOnlyDictionary<string, IReadOnlyList<string>> Errors, string? General)
{
    /// <summary>Dry-runs one specification of each method; seeds do not change what is valid.</summary>
    internal static async Task<SpecVerdict> AskAsync(LabApi api, IReadOnlyList<JsonObject> specs, string ownMethod, CancellationToken cancellationToken)
    {
        Dictionary<string, IReadOnlyList<string>> errors = [];
        DryRunResult? plan = null;
        string? general = null;
        foreach (JsonObject spec in specs.DistinctBy(spec => spec["method"]?.ToString()))
        {
            string method = spec["method"]?.ToString() ?? "";
            try
            {
                DryRunResult result = await api.DryRunAsync(spec, cancellationToken);
                plan = method == ownMethod ? result : plan;
            }
            catch (ApiException refusal)
            {
                general ??= refusal.Errors.Count == 0 ? refusal.Message : null;
                foreach ((string field, IReadOnlyList<string> sentences) in refusal.Errors)
                {
                    // The same sentence for every method is said once.
                    errors[field] = [.. errors.GetValueOrDefault(field, []).Union(sentences)];
                }
            }
            catch (HttpRequestException)
            {
                general ??= "The server cannot be reached, so the specification is not checked.";
            }
        }

        return new SpecVerdict(errors.Count == 0 && general is null ? plan : null, errors, general);
    }
}
