using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Web.Api;

namespace LoraLab.Web.Pages.NewRun;

/// <summary>The form's memory estimate, requested again only when a field changes on which memory depends.</summary>
internal sealed class EstimateRequest(LabApi api)
{
    private string? _answeredRequest;

    /// <summary>The latest estimate; null if there is none yet or the request failed.</summary>
    internal MemoryEstimate? Estimate { get; private set; }

    /// <summary>The error of a failed request.</summary>
    internal string? Problem { get; private set; }

    /// <summary>Whether a request is pending.</summary>
    internal bool IsPending { get; private set; }

    /// <summary>Clears the estimate, as when the specification is invalid.</summary>
    internal void Clear() => (Estimate, Problem, _answeredRequest, IsPending) = (null, null, null, false);

    /// <summary>The specification without the fields on which memory does not depend.</summary>
    internal static JsonObject Relevant(JsonObject body, SpecFieldCatalog catalog)
    {
        JsonObject relevant = SpecForm.Copy(body);
        foreach (string field in catalog.Where(field => !field.Has(SpecRoles.Memory)))
        {
            relevant.Remove(field);
        }

        return relevant;
    }

    /// <summary>Requests the estimate of a valid specification.</summary>
    /// <param name="body">The specification.</param>
    /// <param name="requested">Called when the request is sent.</param>
    /// <param name="cancellationToken">Cancelled when the specification changes again.</param>
    internal async Task UpdateAsync(JsonObject body, Action requested, CancellationToken cancellationToken)
    {
        JsonObject request = Relevant(body, SpecFieldCatalog.Default);
        string text = request.ToJsonString();
        if (text == _answeredRequest)
        {
            // The change in between was undone.
            IsPending = false;
            return;
        }

        IsPending = true;
        requested();
        try
        {
            (Estimate, Problem) = (await api.EstimateAsync(request, cancellationToken), null);
            _answeredRequest = text;
        }
        catch (Exception failure) when (failure is ApiException or HttpRequestException)
        {
            (Estimate, Problem, _answeredRequest) =
                (null, failure is ApiException ? failure.Message : $"{ApiException.Unreachable} No estimate is available.", null);
        }
        finally
        {
            IsPending = cancellationToken.IsCancellationRequested && IsPending;
        }
    }
}
