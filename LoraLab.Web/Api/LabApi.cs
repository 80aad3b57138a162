using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Machine;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Runs.Groups;
using LoraLab.Contracts.Tasks;

namespace LoraLab.Web.Api;

/// <summary>
/// A typed client of the public REST API. Throws <see cref="ApiException"/> for an error response and <see cref="HttpRequestException"/>
/// when the server cannot be reached.
/// </summary>
public sealed partial class LabApi(HttpClient http)
{
    public Task<RunList> ListRunsAsync(RunQuery query, CancellationToken cancellationToken) =>
        GetAsync<RunList>(ApiRoutes.Runs + query.ToQueryString(), cancellationToken);

    /// <summary>Fetches rows of a table of runs, with what its headings say about all of them.</summary>
    public Task<RunGroupList> ListGroupsAsync(RunQuery query, CancellationToken cancellationToken) =>
        GetAsync<RunGroupList>(ApiRoutes.RunGroups + query.ToQueryString(), cancellationToken);

    public Task<RunDocument> GetRunAsync(string id, CancellationToken cancellationToken) =>
        GetAsync<RunDocument>(ApiRoutes.Run(Escape(id)), cancellationToken);

    /// <summary>The run's document as the server sent it, for display and copying.</summary>
    public Task<JsonObject> GetRunJsonAsync(string id, CancellationToken cancellationToken) =>
        GetAsync<JsonObject>(ApiRoutes.Run(Escape(id)), cancellationToken);

    public Task<RunDocument> SubmitAsync(JsonObject spec, string idempotencyKey, CancellationToken cancellationToken)
    {
        HttpRequestMessage request = new(HttpMethod.Post, Relative(ApiRoutes.Runs)) { Content = Json(spec) };
        request.Headers.Add("Idempotency-Key", idempotencyKey);
        return SendAsync<RunDocument>(request, cancellationToken);
    }

    /// <summary>Queues several runs, all or none.</summary>
    public Task<BatchResult> SubmitAllAsync(JsonObject runs, string idempotencyKey, CancellationToken cancellationToken)
    {
        HttpRequestMessage request = new(HttpMethod.Post, Relative(ApiRoutes.RunsBatch)) { Content = Json(runs) };
        request.Headers.Add("Idempotency-Key", idempotencyKey);
        return SendAsync<BatchResult>(request, cancellationToken);
    }

    public Task<DryRunResult> DryRunAsync(JsonObject spec, CancellationToken cancellationToken) =>
        SendAsync<DryRunResult>(
            new(HttpMethod.Post, Relative(ApiRoutes.Runs + "?dryRun=true")) { Content = Json(spec) }, cancellationToken);

    /// <summary>What a clone of a run starts from.</summary>
    public Task<CloneTemplate> CloneTemplateAsync(string id, CancellationToken cancellationToken) =>
        GetAsync<CloneTemplate>(ApiRoutes.Run(Escape(id), "clone"), cancellationToken);

    /// <summary>Estimates the peak memory of a specification.</summary>
    public Task<MemoryEstimate> EstimateAsync(JsonObject spec, CancellationToken cancellationToken) =>
        SendAsync<MemoryEstimate>(new(HttpMethod.Post, Relative(ApiRoutes.Estimate)) { Content = Json(spec) }, cancellationToken);

    public Task<RunDocument> PatchRunAsync(string id, RunPatch patch, CancellationToken cancellationToken) =>
        SendAsync<RunDocument>(
            new(HttpMethod.Patch, Relative(ApiRoutes.Run(Escape(id)))) { Content = WithoutNulls(patch) }, cancellationToken);

    public Task DeleteRunAsync(string id, CancellationToken cancellationToken) =>
        SendAsync(new(HttpMethod.Delete, Relative(ApiRoutes.Run(Escape(id)))), cancellationToken);

    /// <summary>Cancels all runs that are listed or match a filter.</summary>
    public Task<BulkResult> CancelRunsAsync(BulkRequest runs, CancellationToken cancellationToken) =>
        SendAsync<BulkResult>(new(HttpMethod.Post, Relative(ApiRoutes.RunsCancel)) { Content = WithoutNulls(runs) }, cancellationToken);

    /// <summary>Deletes all runs that are listed or match a filter.</summary>
    public Task<BulkResult> DeleteRunsAsync(BulkRequest runs, CancellationToken cancellationToken) =>
        SendAsync<BulkResult>(new(HttpMethod.Post, Relative(ApiRoutes.RunsDelete)) { Content = WithoutNulls(runs) }, cancellationToken);

    /// <summary>Posts an action without a body, for example <c>cancel</c>.</summary>
    public Task ActAsync(string id, string action, CancellationToken cancellationToken) =>
        SendAsync(new(HttpMethod.Post, Relative(ApiRoutes.Run(Escape(id), action))), cancellationToken);

    /// <summary>Fetches the metrics of several runs in one call; unknown ids are left out.</summary>
    public Task<IReadOnlyList<RunMetrics>> MetricsAsync(
        IEnumerable<string> ids, IEnumerable<string> keys, CancellationToken cancellationToken) =>
        GetAsync<IReadOnlyList<RunMetrics>>($"{ApiRoutes.Metrics}?runs={JoinEscaped(ids)}&keys={JoinEscaped(keys)}", cancellationToken);

    public Task<RunMetrics> RunMetricsAsync(string id, CancellationToken cancellationToken) =>
        GetAsync<RunMetrics>(ApiRoutes.Run(Escape(id), "metrics"), cancellationToken);

    /// <summary>Fetches all points that one attempt reported, superseded ones included.</summary>
    public Task<RunMetrics> AttemptMetricsAsync(string id, int attempt, CancellationToken cancellationToken) =>
        GetAsync<RunMetrics>(ApiRoutes.Run(Escape(id), "metrics") + FormattableString.Invariant($"?attempt={attempt}"), cancellationToken);

    public Task<PredictionSet> PredictionsAsync(string id, PredictionQuery query, CancellationToken cancellationToken) =>
        GetAsync<PredictionSet>(ApiRoutes.Run(Escape(id), "predictions") + query.ToQueryString(), cancellationToken);

    /// <summary>Fetches rows of two runs with both predictions.</summary>
    public Task<CompareRows> CompareRowsAsync(
        string a, string b, string show, string sort, string text, int offset, int limit, CancellationToken cancellationToken) =>
        GetAsync<CompareRows>(
            $"{ApiRoutes.Compare}/rows?runs={Escape(a)},{Escape(b)}&show={show}&sort={sort}"
                + (text.Length > 0 ? $"&q={Escape(text)}" : "")
                + FormattableString.Invariant($"&offset={offset}&limit={limit}"),
            cancellationToken);

    public Task<RunFingerprint> FingerprintAsync(string id, CancellationToken cancellationToken) =>
        GetAsync<RunFingerprint>(ApiRoutes.Run(Escape(id), "fingerprint"), cancellationToken);

    public Task<LogChunk> LogsAsync(string id, string query, CancellationToken cancellationToken) =>
        GetAsync<LogChunk>(ApiRoutes.Run(Escape(id), "logs") + query, cancellationToken);

    public Task<QueueDocument> QueueAsync(CancellationToken cancellationToken) =>
        GetAsync<QueueDocument>(ApiRoutes.Queue, cancellationToken);

    /// <summary>Fetches queued runs from a place in the queue.</summary>
    public Task<QueueDocument> QueueAsync(int offset, int limit, CancellationToken cancellationToken) =>
        GetAsync<QueueDocument>(ApiRoutes.Queue + FormattableString.Invariant($"?offset={offset}&limit={limit}"), cancellationToken);

    /// <summary>Fetches when the queued runs are likely to start and end.</summary>
    public Task<QueueForecast> QueueForecastAsync(CancellationToken cancellationToken) =>
        GetAsync<QueueForecast>(ApiRoutes.QueueForecast, cancellationToken);

    public Task<QueueDocument> PatchQueueAsync(QueuePatch patch, CancellationToken cancellationToken) =>
        SendAsync<QueueDocument>(new(HttpMethod.Patch, Relative(ApiRoutes.Queue)) { Content = Json(patch) }, cancellationToken);

    public Task<QueueDocument> MoveAsync(QueueMove move, CancellationToken cancellationToken) =>
        SendAsync<QueueDocument>(new(HttpMethod.Post, Relative(ApiRoutes.QueueReorder)) { Content = Json(move) }, cancellationToken);

    public Task<CompareDocument> CompareAsync(IEnumerable<string> ids, CancellationToken cancellationToken) =>
        GetAsync<CompareDocument>($"{ApiRoutes.Compare}?runs={JoinEscaped(ids)}", cancellationToken);

    public Task<SweepList> ListSweepsAsync(CancellationToken cancellationToken) => GetAsync<SweepList>(ApiRoutes.Sweeps, cancellationToken);

    public Task<SweepDocument> GetSweepAsync(string id, CancellationToken cancellationToken) =>
        GetAsync<SweepDocument>(ApiRoutes.Sweep(Escape(id)), cancellationToken);

    /// <summary>Previews a sweep without creating it.</summary>
    public Task<SweepPreview> PreviewSweepAsync(JsonObject plan, CancellationToken cancellationToken) =>
        SendAsync<SweepPreview>(
            new(HttpMethod.Post, Relative(ApiRoutes.Sweeps + "?dryRun=true")) { Content = Json(plan) }, cancellationToken);

    public Task<SweepDocument> CreateSweepAsync(JsonObject plan, string idempotencyKey, CancellationToken cancellationToken)
    {
        HttpRequestMessage request = new(HttpMethod.Post, Relative(ApiRoutes.Sweeps)) { Content = Json(plan) };
        request.Headers.Add("Idempotency-Key", idempotencyKey);
        return SendAsync<SweepDocument>(request, cancellationToken);
    }

    public Task<SweepDocument> PatchSweepAsync(string id, ExperimentPatch patch, CancellationToken cancellationToken) =>
        SendAsync<SweepDocument>(
            new(HttpMethod.Patch, Relative(ApiRoutes.Sweep(Escape(id)))) { Content = WithoutNulls(patch) }, cancellationToken);

    /// <summary>Posts <c>pause</c>, <c>resume</c> or <c>cancel</c>.</summary>
    public Task<SweepDocument> ActOnSweepAsync(string id, string action, CancellationToken cancellationToken) =>
        SendAsync<SweepDocument>(new(HttpMethod.Post, Relative(ApiRoutes.Sweep(Escape(id), action))), cancellationToken);

    /// <summary>Deletes an ended sweep; its runs stay unless <paramref name="withRuns"/>.</summary>
    public Task DeleteSweepAsync(string id, bool withRuns, CancellationToken cancellationToken) =>
        SendAsync(new(HttpMethod.Delete, Relative(ApiRoutes.Sweep(Escape(id)) + (withRuns ? "?runs=true" : ""))), cancellationToken);

    public Task<SweepImportance> SweepImportanceAsync(string id, CancellationToken cancellationToken) =>
        GetAsync<SweepImportance>(ApiRoutes.Sweep(Escape(id), "importance"), cancellationToken);

    public Task<SweepGrid> SweepGridAsync(string id, string x, string y, CancellationToken cancellationToken) =>
        GetAsync<SweepGrid>(ApiRoutes.Sweep(Escape(id), "grid") + $"?x={Escape(x)}&y={Escape(y)}", cancellationToken);

    public Task<IReadOnlyList<MethodDescriptor>> MethodsAsync(CancellationToken cancellationToken) =>
        GetAsync<IReadOnlyList<MethodDescriptor>>(ApiRoutes.Methods, cancellationToken);

    public Task<IReadOnlyList<ModelEntry>> ModelsAsync(CancellationToken cancellationToken) =>
        GetAsync<IReadOnlyList<ModelEntry>>(ApiRoutes.Models, cancellationToken);

    public Task<IReadOnlyList<DatasetEntry>> DatasetsAsync(CancellationToken cancellationToken) =>
        GetAsync<IReadOnlyList<DatasetEntry>>(ApiRoutes.Datasets, cancellationToken);

    public Task<NodeEntry> PatchNodeAsync(string name, NodePatch patch, CancellationToken cancellationToken) =>
        SendAsync<NodeEntry>(new(HttpMethod.Patch, Relative(ApiRoutes.Node(name))) { Content = Json(patch) }, cancellationToken);

    public Task<SystemDocument> SystemAsync(CancellationToken cancellationToken) =>
        GetAsync<SystemDocument>(ApiRoutes.System, cancellationToken);

    public Task<KeyList> KeysAsync(CancellationToken cancellationToken) => GetAsync<KeyList>(ApiRoutes.Keys, cancellationToken);

    public Task<NewKey> CreateKeyAsync(NewKeyRequest key, CancellationToken cancellationToken) =>
        SendAsync<NewKey>(new(HttpMethod.Post, Relative(ApiRoutes.Keys)) { Content = Json(key) }, cancellationToken);

    public Task RevokeKeyAsync(string name, CancellationToken cancellationToken) =>
        SendAsync(new(HttpMethod.Delete, Relative(ApiRoutes.Key(Escape(name)))), cancellationToken);

    /// <summary>Fetches the list of a run's files, with their hashes if asked for.</summary>
    public Task<RunArtifacts> ArtifactsAsync(string id, bool hashes, CancellationToken cancellationToken) =>
        GetAsync<RunArtifacts>(ApiRoutes.Run(Escape(id), "artifacts") + (hashes ? "?hashes=true" : ""), cancellationToken);

    public Task<SessionDocument> SessionAsync(CancellationToken cancellationToken) =>
        GetAsync<SessionDocument>(ApiRoutes.Session, cancellationToken);

    public Task<SessionDocument> SignInAsync(SignInRequest key, CancellationToken cancellationToken) =>
        SendAsync<SessionDocument>(new(HttpMethod.Post, Relative(ApiRoutes.Session)) { Content = Json(key) }, cancellationToken);

    public Task SignOutAsync(CancellationToken cancellationToken) =>
        SendAsync(new(HttpMethod.Delete, Relative(ApiRoutes.Session)), cancellationToken);

    /// <summary>The path of a file that the browser downloads directly.</summary>
    public static string DownloadPath(string route) => route.TrimStart('/');

    private static string Escape(string value) => Uri.EscapeDataString(value);

    private static string JoinEscaped(IEnumerable<string> values) => string.Join(',', values.Select(Escape));

    private static JsonContent Json<T>(T body) => JsonContent.Create(body, options: ContractJson.Options);

    /// <summary>Serializes a patch without its null members, which mean no change.</summary>
    private static JsonContent WithoutNulls<T>(T patch)
    {
        JsonObject body = (JsonObject)JsonSerializer.SerializeToNode(patch, ContractJson.Options)!;
        foreach (string absent in body.Where(member => member.Value is null).Select(member => member.Key).ToList())
        {
            body.Remove(absent);
        }

        return Json(body);
    }

    // Routes start with a slash, but the base address may have a path prefix behind a proxy.
    private static string Relative(string route) => route.TrimStart('/');

    private Task<T> GetAsync<T>(string route, CancellationToken cancellationToken) =>
        SendAsync<T>(new(HttpMethod.Get, Relative(route)), cancellationToken);

    private async Task<T> SendAsync<T>(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using HttpRequestMessage sent = request;
        using HttpResponseMessage response = await http.SendAsync(sent, cancellationToken);
        await ProblemReader.ThrowIfFailedAsync(response, cancellationToken);
        T? body = await response.Content.ReadFromJsonAsync<T>(ContractJson.Options, cancellationToken);
        return body ?? throw new InvalidOperationException($"The server sent an empty response to {request.Method} {request.RequestUri}.");
    }

    private async Task SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using HttpRequestMessage sent = request;
        using HttpResponseMessage response = await http.SendAsync(sent, cancellationToken);
        await ProblemReader.ThrowIfFailedAsync(response, cancellationToken);
    }
}
