using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Web.Api;

namespace LoraLab.Web.Pages.NewRun;

/// <summary>The server's validation of the form's runs before they are queued.</summary>
/// <param name="DryRun">The dry run of the form's own method; null if there are errors.</param>
/// <param name="Errors">Messages by field.</param>
/// <param name="GeneralError">A message that is not about a field; null: none.</param>
internal sealed record SpecValidation(DryRunResult? DryRun, IReadOnlyDictionary<string, IReadOnlyList<string>> Errors, string? GeneralError)
{
    /// <summary>The dry run of each method, in the order of the form; empty if there are errors.</summary>
    internal IReadOnlyList<MethodPreview> Previews { get; init; } = [];

    /// <summary>Dry-runs one specification per method; validity does not depend on the seed.</summary>
    internal static async Task<SpecValidation> ValidateAsync(
        LabApi api, IReadOnlyList<JsonObject> specs, string ownMethod, CancellationToken cancellationToken)
    {
        Dictionary<string, IReadOnlyList<string>> errors = [];
        DryRunResult? dryRun = null;
        List<MethodPreview> previews = [];
        string? general = null;
        foreach (JsonObject spec in specs.DistinctBy(spec => spec["method"]?.ToString()))
        {
            string method = spec["method"]?.ToString() ?? "";
            try
            {
                DryRunResult result = await api.DryRunAsync(spec, cancellationToken);
                dryRun = method == ownMethod ? result : dryRun;
                previews.Add(new(spec, result));
            }
            catch (ApiException refusal)
            {
                general ??= refusal.Errors.Count == 0 ? refusal.Message : null;
                foreach ((string field, IReadOnlyList<string> messages) in refusal.Errors)
                {
                    // A message repeated for every method is shown once.
                    errors[field] = [.. errors.GetValueOrDefault(field, []).Union(messages)];
                }
            }
            catch (HttpRequestException)
            {
                general ??= $"{ApiException.Unreachable} The specification was not validated.";
            }
        }

        bool isValid = errors.Count == 0 && general is null;
        return new SpecValidation(isValid ? dryRun : null, errors, general) { Previews = isValid ? previews : [] };
    }
}
