using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Web.Api;

namespace LoraLab.Web.Pages.NewRun;

/// <summary>The form's estimate: asked for again only where something changed that memory depends on.</summary>
internal sealed class EstimateRequest(LabApi api)
{
    private static readonly string[] s_without = ["name", "notes", "tags", "priority", "seed", "learningRate", "learningRateB", "schedule", "warmupSteps", "scheduleSteps", "weightDecay", "maxGradNorm"];

    private string? _answered;

    /// <summary>The last answer; null: none yet, or there was a problem.</summary>
    internal MemoryEstimate? Estimate { get; private set; }

    /// <summary>Why there is none.</summary>
    internal string? Problem { get; private set; }

    /// <summary>A question is under way.</summary>
    internal bool Asking { get; private set; }

    /// <summary>The specification is not valid: there is nothing to estimate.</summary>
    internal void Forget() => (Estimate, Problem, _answered, Asking) = (null, null, null, false);

    /// <summary>Asks for a valid specification.</summary>
    /// <param name="body">The specification.</param>
    /// <param name="asked">Called when the question is on its way.</param>
    /// <param name="cancellationToken">Something else was typed meanwhile.</param>
    internal async Task AskAsync(JsonObject body, Action asked, CancellationToken cancellationToken)
    {
        JsonObject question = SpecForm.Copy(body);
        foreach (string field in s_without)
        {
            question.Remove(field);
        }

        string text = question.ToJsonString();
        if (text == _answered)
        {
            // What was asked meanwhile was taken back.
            Asking = false;
            return;
        }

        Asking = true;
        asked();
        try
        {
            (Estimate, Problem) = (await api.EstimateAsync(question, cancellationToken), null);
            _answered = text;
        }
        catch (Exception failure) when (failure is ApiException or HttpRequestException)
        {
            (Estimate, Problem, _answered) = (null, failure is ApiException ? failure.Message : "The server cannot be reached, so there is no estimate.", null);
        }
        finally
        {
            Asking = cancellationToken.IsCancellationRequested && Asking;
        }
    }
}
