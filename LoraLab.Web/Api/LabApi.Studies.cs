using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;

namespace LoraLab.Web.Api;

/// <summary>The routes of studies.</summary>
public sealed partial class LabApi
{
    public Task<IReadOnlyList<StudyTemplate>> StudyTemplatesAsync(CancellationToken cancellationToken) =>
        GetAsync<IReadOnlyList<StudyTemplate>>(ApiRoutes.StudyTemplates, cancellationToken);

    public Task<StudyList> ListStudiesAsync(CancellationToken cancellationToken) =>
        GetAsync<StudyList>(ApiRoutes.Studies, cancellationToken);

    public Task<StudyDocument> GetStudyAsync(string id, CancellationToken cancellationToken) =>
        GetAsync<StudyDocument>(ApiRoutes.Study(Escape(id)), cancellationToken);

    /// <summary>
    /// Previews a study without creating it. The response contains the number of runs, so a large study is not rejected here.
    /// </summary>
    public Task<StudyPreview> PreviewStudyAsync(JsonObject plan, CancellationToken cancellationToken) =>
        SendAsync<StudyPreview>(
            new(HttpMethod.Post, Relative(ApiRoutes.Studies + "?dryRun=true&confirm=true")) { Content = Json(plan) }, cancellationToken);

    /// <summary>Creates a study; <paramref name="confirm"/> allows more runs than the server accepts without confirmation.</summary>
    public Task<StudyDocument> StartStudyAsync(JsonObject plan, bool confirm, string idempotencyKey, CancellationToken cancellationToken)
    {
        HttpRequestMessage request = new(HttpMethod.Post, Relative(ApiRoutes.Studies + (confirm ? "?confirm=true" : "")))
        {
            Content = Json(plan),
        };
        request.Headers.Add("Idempotency-Key", idempotencyKey);
        return SendAsync<StudyDocument>(request, cancellationToken);
    }

    public Task<StudyDocument> PatchStudyAsync(string id, ExperimentPatch patch, CancellationToken cancellationToken) =>
        SendAsync<StudyDocument>(
            new(HttpMethod.Patch, Relative(ApiRoutes.Study(Escape(id)))) { Content = WithoutNulls(patch) }, cancellationToken);

    /// <summary>Deletes an ended study; its runs stay unless <paramref name="withRuns"/>.</summary>
    public Task DeleteStudyAsync(string id, bool withRuns, CancellationToken cancellationToken) =>
        SendAsync(new(HttpMethod.Delete, Relative(ApiRoutes.Study(Escape(id)) + (withRuns ? "?runs=true" : ""))), cancellationToken);

    public Task CancelStudyAsync(string id, CancellationToken cancellationToken) =>
        SendAsync(new(HttpMethod.Post, Relative(ApiRoutes.Study(Escape(id), "cancel"))), cancellationToken);
}
